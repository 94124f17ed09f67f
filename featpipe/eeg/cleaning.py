"""Open a recording as a stream, with the cleaning that its settings ask for.

What has to be known first - bad channels, weights of the EOG - comes from one pass over the whole
recording, in blocks. Without cleaning there is no such pass.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import mne
import numpy as np

from featpipe.eeg.bad_channels import BadChannel, ChannelSurvey
from featpipe.eeg.eog_channels import (
    OFTEN,
    auto_eog,
    seldom_lost,
    tell_not_taken,
    tell_restless,
    tell_still,
)
from featpipe.eeg.eog_regression import EogRegression
from featpipe.eeg.filtering import design
from featpipe.eeg.levels import find_levels
from featpipe.eeg.marks import break_times, flagged_samples
from featpipe.eeg.samples import Samples, may_be_lost, microvolt
from featpipe.eeg.settings import EegSettings
from featpipe.eeg.spatial import plan
from featpipe.eeg.stream import Stream, read_inputs
from featpipe.errors import ConfigError, ReadError, few
from featpipe.montage import standard_name, unknown_channel

logger = logging.getLogger(__name__)

_BLOCK_S = 20.0
_BLOCK_NUMBERS = 1 << 20  # stored ones in a block at most, or a fast recording takes much memory

OpenSamples = Callable[[Sequence[str]], Samples]


def open_stream(
    raw: mne.io.BaseRaw, picks: dict[str, str], settings: EegSettings, open_samples: OpenSamples,
    recording: str = "the recording",
) -> Stream:  # fmt: skip
    """Open the table channels of a recording.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording; its channel names and types are looked at.
    picks : dict
        Table name -> name in the file.
    settings : EegSettings
        Rate, band and cleaning.
    open_samples : callable
        Channel names of the file -> Samples.
    recording : str
        Its name, for warnings.

    Returns
    -------
    Stream
        Its channels are those of `picks`, in that order.

    Raises
    ------
    ConfigError
        When a channel named for cleaning is not in the file.
    ReadError
        When too many channels are bad to compute anything from the others, or an electrode named
        as reference is.
    """
    eog, reference = cleaning_channels(raw, picks, settings)
    if settings.eog == ("auto",):
        tell_not_taken(recording, raw, picks)
    return _open(recording, raw, picks, settings, open_samples, eog, reference)


def _open(
    recording: str, raw: mne.io.BaseRaw, picks: dict[str, str], settings: EegSettings,
    open_samples: OpenSamples, eog: dict[str, str], reference: dict[str, str],
) -> Stream:  # fmt: skip
    """Open with these EOG channels, or with some of them where `settings` leave the choice."""
    extra = reference | eog
    inputs = picks | {name: file_name for name, file_name in extra.items() if name not in picks}
    samples = open_samples(list(inputs.values()))
    how = design(raw.info["sfreq"], settings, samples.n_times)
    stream = Stream(samples, how, levels=find_levels(samples, how, break_times(raw)))
    told = {name for name, file_name in inputs.items() if file_name in raw.info["bads"]}
    if not (eog or settings.reference or settings.bad_channels != "keep" or told & picks.keys()):
        return stream
    names, channels = list(inputs), list(picks)
    judged = [name for name in names if name in picks or name in reference]
    flagged = flagged_samples(raw, stream.sfreq, stream.n_times)
    averages = settings.reference == ("average",) and settings.l_freq == 0
    found, regression, lost = _survey(
        recording, stream, names, judged, list(eog), settings, flagged, averages
    )
    weights = regression.weights()
    if settings.eog == ("auto",) and eog:
        kept = seldom_lost(recording, {name: lost[name] for name in eog})
        rest = {name: eog[name] for name in kept}
        if len(rest) < len(eog):
            return _open(recording, raw, picks, settings, open_samples, rest, reference)
        if not weights.any():  # they tell nothing, which is no reason to lose the recording
            tell_still(recording, names, list(eog), regression)
            eog, weights = {}, weights[:, :0]
    tell_restless(recording, names, list(eog), regression)
    used = [name for name, of in zip(eog, weights.T, strict=True) if of.any()]
    if costly := _shares({name: lost[name] for name in used}):
        logger.warning(
            "%s: [eeg] eog: moments that an EOG channel has lost are lost to all channels: %s",
            recording, costly,
        )  # fmt: skip
    if averages:
        unfound = {name: lost[name] for name in channels if name not in found}
        found |= _lost_to_average(recording, unfound)
    found |= {name: BadChannel(name, "flagged", 1.0) for name in told}
    found = [found.get(name) for name in judged]
    if settings.bad_channels != "keep":
        _refuse_bad_reference([b for b in found if b is not None and b.name not in picks])
    bad = [channel for channel in found if channel is not None and channel.name in picks]
    return replace(
        stream,
        spatial=plan(
            names, len(channels), bad_channels=settings.bad_channels,
            reference=[r if r == "average" else standard_name(r) for r in settings.reference],
            eog=list(eog), bad=bad, weights=weights, keeps_level=settings.l_freq == 0,
        ),
    )  # fmt: skip


def cleaning_channels(
    raw: mne.io.BaseRaw, picks: dict[str, str], settings: EegSettings
) -> tuple[dict[str, str], dict[str, str]]:
    """Choose the channels that cleaning needs by their names and types.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        The recording.
    picks : dict
        Channels of the table, table name -> name in the file.
    settings : EegSettings
        `eog` and `reference` are read.

    Returns
    -------
    eog, reference : dict
        As `picks`. For "auto" those there are, maybe none.

    Raises
    ------
    ConfigError
        When a channel named is not in the file.
    """
    is_auto = settings.eog == ("auto",)
    eog = auto_eog(raw, picks) if is_auto else _named(raw, settings.eog, "eog")
    return eog, _named(raw, settings.reference, "reference")


def _survey(
    recording: str, stream: Stream, names: list[str], judged: list[str], eog: list[str],
    settings: EegSettings, flagged: np.ndarray, averages: bool,
) -> tuple[dict[str, BadChannel], EogRegression, dict[str, float]]:  # fmt: skip
    """Pass over the recording once, if anything has to be learned from it.

    Bad channels, what is known of the EOG, and the share of the recording that each input lost.
    The channels to judge are the first ones of `names`. Flagged samples teach nothing.
    """
    looks = settings.bad_channels != "keep"
    learns = looks or bool(eog) or (averages and may_be_lost(stream.samples))
    if learns and np.count_nonzero(~flagged) < stream.sfreq:
        logger.warning(
            "%s: annotations call BAD all of the recording, or all but less than a second: "
            "nothing is left to tell bad channels, eye movements and losses from, so that none are "
            "looked for",
            recording,
        )  # fmt: skip
        looks = learns = False
    how, n = stream.how, len(judged)
    survey = ChannelSurvey(judged, stream.samples.sfreq, how.sfreq, how.h_freq)
    regression = EogRegression(len(names), [names.index(name) for name in eog], stream.sfreq)
    n_lost, n_times = np.zeros(len(names)), 0
    if learns:
        for start, stop in _blocks(stream):
            block = np.where(flagged[start:stop], np.nan, read_inputs(stream, start, stop))
            if looks:
                first, last = _raw_span(stream, start, stop)
                raw_block = microvolt(stream.samples, first, last)[:n]
                at = np.minimum(np.arange(first, last) * how.up // how.down, stream.n_times - 1)
                survey.add(np.where(flagged[at], np.nan, raw_block), block[:n])
            if eog:
                regression.add(block)
            is_known = np.isfinite(block)
            is_seen = is_known.any(axis=0)
            n_lost += (~is_known & is_seen).sum(axis=1)
            n_times += int(is_seen.sum())
    bad = {channel.name: channel for channel in survey.bad_channels()} if looks else {}
    lost = dict(zip(names, (n_lost / max(n_times, 1)).tolist(), strict=True))
    return bad, regression, lost


def _shares(lost: Mapping[str, float]) -> str:
    """Write what was lost of which channel: "C6 30 %, CZ 2 %"; empty where nothing was."""
    return few([f"{name} {100 * share:.3g} %" for name, share in lost.items() if share > 0])


def _lost_to_average(recording: str, lost: Mapping[str, float]) -> dict[str, BadChannel]:
    """Find channels that cannot belong to an average of levels; tell what the others cost."""
    found = {name: BadChannel(name, "lost", share) for name, share in lost.items() if share > OFTEN}
    if costly := _shares(lost):
        logger.warning(
            "%s: [eeg] reference: moments of the recording that a channel of the average has lost "
            "are lost to all (%s; those of more than %g %% are left out of it); l_freq = 0.5 "
            "avoids that",
            recording, costly, 100 * OFTEN,
        )  # fmt: skip
    return found


def _blocks(stream: Stream) -> Iterator[tuple[int, int]]:
    n_stored = len(stream.samples.first) * stream.how.down / stream.how.up  # per output sample
    step = min(round(_BLOCK_S * stream.sfreq), round(_BLOCK_NUMBERS / n_stored))
    step = max(step, round(stream.sfreq))
    for start in range(0, stream.n_times, step):
        yield start, min(start + step, stream.n_times)


def _raw_span(stream: Stream, start: int, stop: int) -> tuple[int, int]:
    """Find the stored samples of a stretch of output; each belongs to exactly one stretch."""
    how, n_times = stream.how, stream.samples.n_times
    first = min(-(-start * how.down // how.up), n_times)
    last = n_times if stop >= stream.n_times else -(-stop * how.down // how.up)
    return first, min(last, n_times)


def _refuse_bad_reference(bad: Sequence[BadChannel]) -> None:
    """Refuse what would be subtracted from every channel; nothing can replace a mastoid."""
    if bad:
        names = few([f"{b.name} is {b.reason} ({100 * b.share:.0f} %)" for b in bad])
        raise ReadError(
            f"[eeg] reference: {names} and would spoil all channels: name another reference, or "
            'set bad_channels = "keep" to take it as it is'
        )


def _named(raw: mne.io.BaseRaw, wanted: Sequence[str], option: str) -> dict[str, str]:
    known = {standard_name(name): name for name in raw.ch_names}
    names = [standard_name(name) for name in wanted if name != "average"]
    for name in names:
        if name not in known:
            raise ConfigError(f"[eeg] {option}: {unknown_channel(name, known)}")
    return {name: known[name] for name in names}
