"""A file as DREAMER ships it, small: structs in cells in a struct, all subjects in one.

Names, nesting, types and shapes are those of the release; clips are short, and nobody was recorded.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.io import savemat

from featpipe.datasets.facts import facts_of
from lookalikes.signals import trial_eeg

CHANNELS = facts_of("dreamer").channels
LEVEL = 4200.0
N_CLIPS = 18


class Truth(NamedTuple):
    """What was written.

    Attributes
    ----------
    valence : dict of int to array of int, shape (18,)
        Subject -> ratings from 1 to 5.
    seconds : tuple of int
        Length of each clip.
    """

    valence: dict[int, np.ndarray]
    seconds: tuple[int, ...]


def write_dreamer(folder: Path, n_subjects: int = 3, **changes: Any) -> Truth:
    """Write DREAMER.mat.

    Parameters
    ----------
    folder : Path
        Where to.
    n_subjects : int
        How many.
    **changes
        "empty": (subject, clip) without EEG; "scoreless": subject without ratings of arousal;
        "score": (subject, clip, value) of valence; "channels": other names of the electrodes.
    """
    seconds = tuple(4 + clip % 3 for clip in range(N_CLIPS))
    data, valence = np.empty((1, n_subjects), dtype=object), {}
    for subject in range(1, n_subjects + 1):
        one, valence[subject] = _subject(subject, seconds, changes)
        data[0, subject - 1] = one
    names = np.empty((1, len(CHANNELS)), dtype=object)
    names[0, :] = list(changes.get("channels", CHANNELS))
    content = {
        "Data": data,
        "EEG_SamplingRate": 128,
        "ECG_SamplingRate": 256,
        "EEG_Electrodes": names,
        "noOfSubjects": n_subjects,
        "noOfVideoSequences": N_CLIPS,
        "Disclaimer": "While every care has been taken to ensure accuracy",
        "Provider": "nobody",
        "Version": "1.0.2",
        "Acknowledgement": "none",
    }
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / "DREAMER.mat", {"DREAMER": content}, do_compression=True)
    return Truth(valence, seconds)


def _subject(
    subject: int, seconds: tuple[int, ...], changes: dict[str, Any]
) -> tuple[dict[str, Any], np.ndarray]:
    rng = np.random.default_rng(subject)
    valence = 1 + (np.arange(N_CLIPS) * 2 + subject) % 5
    if "score" in changes and changes["score"][0] == subject:
        valence = valence.astype(float)
        valence[changes["score"][1] - 1] = changes["score"][2]
    base, clips, hearts = (np.empty((N_CLIPS, 1), dtype=object) for _ in range(3))
    for clip, length in enumerate(seconds):
        base[clip, 0] = LEVEL + trial_eeg(rng, 0, len(CHANNELS), 2 * 128).T
        label = int(valence[clip] > 3)
        clips[clip, 0] = LEVEL + trial_eeg(rng, label, len(CHANNELS), length * 128).T
        hearts[clip, 0] = np.zeros((8, 2))
        if changes.get("empty") == (subject, clip + 1):
            clips[clip, 0] = np.empty((0, 0))
    one = {
        "Age": "25",
        "Gender": "female",
        "EEG": {"baseline": base, "stimuli": clips},
        "ECG": {"baseline": hearts, "stimuli": hearts},
        "ScoreValence": valence[:, np.newaxis].astype(float),
        "ScoreArousal": (1 + (valence[:, np.newaxis] + 1) % 5).astype(float),
        "ScoreDominance": np.full((N_CLIPS, 1), 3.0),
    }
    if changes.get("scoreless") == subject:
        del one["ScoreArousal"]
    return one, valence
