"""What of a recording would fail, told by its files' headers; no signal is read.

Damage inside the signal, clocks that do not fit and too many bad channels show only in a real run.
"""

from featpipe.features.eeg_header import look_ahead, refusal
from featpipe.features.table import lay_grids
from featpipe.readers.feature_files import damage
from featpipe.reading import preflight, source_files
from featpipe.recording import Source
from pipelines.source_settings import eeg_settings
from pipelines.steps.choose import is_released
from pipelines.steps.extract import families, require_trials
from pipelines.steps.trial_times import require_seconds
from pipelines.study import Study
from pipelines.work import Unit


def foresee(unit: Unit) -> dict[str, str]:
    """Say which tables of a recording cannot be made.

    Parameters
    ----------
    unit : Unit
        From `steps.extract.units`.

    Returns
    -------
    dict of str to str
        Family -> why. Without its EEG a recording has no table at all, as in a real run.
    """
    source, study, _ = unit.payload
    if is_released(study):
        return _released_refusals(unit, source)
    try:
        require_trials(source, study)
        found = _eeg_refusals(source, study)
    except Exception as error:  # damaged headers fail in as many ways as there are parsers
        return dict.fromkeys(families(unit), f"{error}")
    try:
        _check_eye(source, study)
    except Exception as error:
        found["eye"] = f"{error}"
    return found


def _eeg_refusals(source: Source, study: Study) -> dict[str, str]:
    if source.eeg is None:
        return {}
    settings = eeg_settings(source, study)
    raw = preflight(source.eeg, "eeg", None, settings, source.eeg_part).read(source.eeg)
    require_seconds(source, study, raw)
    if not study.features.eeg:
        return {}
    header = look_ahead(raw, source, study.features.eeg, settings, study.features)
    return {name: refusal(source.name, {name: why}) for name, why in header.impossible.items()}


def _released_refusals(unit: Unit, source: Source) -> dict[str, str]:
    """Say which released files are damaged beyond reading, as far as their heads tell."""
    found = {}
    for family in families(unit):
        path = source.eye if family == "eye" else source.eeg
        if path is not None and (reason := damage(path)):
            found[family] = reason
    return found


def _check_eye(source: Source, study: Study) -> None:
    if source.eye is None or not study.features.eye:
        return
    if source.eeg is None:
        lay_grids(source.trials, study.eeg.sfreq, study.features)
    reader = preflight(source.eye, "eye", study.eye.csv)
    for other in source_files(source.eye, study.eye.csv)[1:] if reader.is_pair else ():
        preflight(other, "eye")
