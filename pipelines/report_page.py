"""What the report looks like: a page with places for what `pipelines.report` puts there."""

STYLE = """
body {font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222}
table {border-collapse: collapse; margin: .5rem 0 1.5rem; font-variant-numeric: tabular-nums}
th, td {padding: .2rem .7rem; text-align: left; border-bottom: 1px solid #ddd; font-size: .9rem}
th {border-bottom: 2px solid #888}
.wide {overflow-x: auto} .note {color: #555; font-size: .9rem}
.simulated, .warning {background: #fff3cd; border: 1px solid #e0c46c; padding: .6rem 1rem; font-weight: 600}
svg {max-width: 100%; height: auto}
"""  # noqa: E501 - style sheet lines

TEMPLATE = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>featpipe report: {{ name }}</title>
<style>{{ style }}</style></head><body>
<h1>{{ name }}</h1>
{% if is_simulated %}<p class="simulated">{{ simulated }}</p>{% endif %}
{% for protocol in protocols %}
<h2>Protocol {{ protocol.name }}</h2>
<p class="note">{{ protocol.note }}</p>
<div class="wide">{{ protocol.table }}</div>
{% for text in protocol.counts %}<p class="note">{{ text }}</p>{% endfor %}
{% for text in protocol.notes %}<p class="warning">{{ text }}</p>{% endfor %}
{{ protocol.figure }}
{% if protocol.differences %}
<h3>Accuracy against mlp, paired by subject</h3>
<p class="note">Points, 95 % t interval over subjects; p of the paired t test, adjusted by Holm, and of the Wilcoxon
signed-rank test, not adjusted. `featpipe compare` says more.</p>
{{ protocol.differences }}{% endif %}
{{ protocol.confusion }}
{% if protocol.games %}
<h3>Adversaries</h3>
<p class="note">Accuracy of the classifiers of modality (C_md) and subject (C_sd) behind the gradient reversals, mean
over folds and seeds: a game is won as it falls to chance.</p>
{{ protocol.games }}{% endif %}
{% endfor %}{% for text in unscored %}<p class="warning">{{ text }}</p>
{% endfor %}{% if tunings %}
<h2>Searches of options</h2>
<p class="note">Rows above that say "tuned" have no options of their own: every fold has those that did best on training
subjects held out in it.</p>
{% for tuning in tunings %}
<h3>{{ tuning.name }}</h3>
<p class="note">{{ tuning.note }}</p>
<div class="wide">{{ tuning.candidates }}</div>
<div class="wide">{{ tuning.chosen }}</div>
{% endfor %}{% endif %}
<h2>Recordings</h2>
<p class="note">One row per recording, as in qc/recordings.parquet. eeg_good and eye_good are the shares of
clean data, 1 is all; rest the pointer on a column's name to see what it means.</p>
{% for text in warnings %}<p class="warning">{{ text }}</p>{% endfor %}
<div class="wide">{{ quality }}</div>
{% if missing %}
<h2>What is not in the folder</h2>
<p class="note">Missing or wrong in the data set as it lies there, told before any work; nothing of it was guessed.</p>
<div class="wide">{{ missing }}</div>{% endif %}
<h2>Failures</h2>
{{ failures }}
</body></html>
"""  # noqa: E501 - style sheet lines
