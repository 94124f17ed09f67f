"""The verbs that take an output folder and no study. Heavy imports live inside the verbs."""

from pathlib import Path

import click

from pipelines.exits import DONE
from pipelines.path_types import FILE, OUT


@click.command()
@click.argument("out", type=OUT)
def report(out: Path) -> int:
    """Write OUT/report.html, one self-contained file, from what OUT holds."""
    from pipelines.places import with_urls
    from pipelines.pulling import pull
    from pipelines.report import write_report
    from pipelines.unscored import unscored

    pull(out)
    click.echo(with_urls(str(write_report(out))))
    for text in unscored(out):
        click.echo(text, err=True)
    return DONE


@click.command()
@click.argument("out_a", type=OUT)
@click.argument("out_b", type=OUT)
@click.option("-o", "--out", type=FILE, default="bridge.html", show_default=True,
              help="The page, or its folder; numbers of columns go beside it: .csv.")  # fmt: skip
@click.option("--family", "families", multiple=True, metavar="A=B",
              help="Families to compare, e.g. de=de_lds [default: what both have].")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bridge(
    out_a: Path, out_b: Path, out: Path, families: tuple[str, ...], as_json: bool
) -> int:  # fmt: skip
    """Compare two outputs, such as our features and shipped ones, and say what differs."""
    from pipelines.bridge import print_bridge
    from pipelines.pulling import pull

    pull(out_a)
    pull(out_b)
    return print_bridge(out_a, out_b, out, families, as_json=as_json)


@click.command()
@click.argument("model", type=FILE)
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--fold", default="", metavar="NAME",
              help="Whose network, of a training's model folder, e.g. sub-3.")  # fmt: skip
@click.option("--trials", type=FILE, metavar="CSV",
              help="Onset and offset of trials, s [default: each recording is one].")  # fmt: skip
@click.option("--eye-offset", type=float, metavar="S",
              help="Of eye exports: time of the trials = time of the tracker + S.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per file.")
def predict(
    model: Path, files: tuple[Path, ...], fold: str, trials: Path | None, eye_offset: float | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Predict new recordings with a model folder, from what it reads and without labels.

    FILES are recordings of the modality that the model reads, or feature tables (.parquet). Of a
    model that reads both, EEG and eyes of one recording after the other. One line per window, as
    CSV.
    """
    from pipelines.predicting import print_predictions

    return print_predictions(model, files, fold, trials, eye_offset, as_json=as_json)


@click.command()
@click.argument("out", type=OUT)
@click.argument("models", nargs=-1, required=True)
@click.option("--fold", required=True, metavar="NAME", help="Whose test windows, e.g. sub-2.")
@click.option("-o", "--out", "picture", type=FILE, metavar="PNG",
              help="The picture; features go beside it [default: in OUT/plots].")  # fmt: skip
def embed(out: Path, models: tuple[str, ...], fold: str, picture: Path | None) -> int:
    """Draw what networks make of test windows, and say how well emotions lie apart in it.

    MODELS are folders below OUT/models, one panel each.
    """
    from pipelines.embedding import print_embedding
    from pipelines.pulling import pull

    pull(out.absolute())
    return print_embedding(out.absolute(), models, fold, picture)


@click.command()
@click.argument("out", type=OUT)
@click.option("--reference", default="mlp", show_default=True, metavar="METHOD",
              help="Compare the others with this one.")  # fmt: skip
@click.option("--metric", default="accuracy", show_default=True,
              help="Or balanced_accuracy, macro_f1, kappa, ece.")  # fmt: skip
@click.option("--beside", default="", metavar="DATASET",
              help="Published figures of this data set [default: the study's own].")  # fmt: skip
@click.option("--family", default="", metavar="OPTION",
              help="A family of tests per value of an option, e.g. backbone.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare(out: Path, reference: str, metric: str, beside: str, family: str, as_json: bool) -> int:
    """Print OUT's scores beside published ones, and paired tests against one method."""
    from pipelines.comparing import Asked, print_compare
    from pipelines.pulling import pull

    pull(out.absolute())
    return print_compare(out.absolute(), Asked(reference, metric, beside, family), as_json=as_json)


@click.command()
@click.argument("out", type=OUT)
@click.option("--gc", "is_sweeping", is_flag=True,
              help="First remove what cut-off runs left unfinished.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(out: Path, is_sweeping: bool, as_json: bool) -> int:
    """Check every file of OUT: checksums, schema, completeness; exit 3 if anything is wrong."""
    from pipelines.pulling import pull
    from pipelines.sweep import sweep
    from pipelines.verify import print_verify

    pull(out.absolute())
    if is_sweeping:
        sweep(out.absolute())
    return print_verify(out, as_json=as_json)
