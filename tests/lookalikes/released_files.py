"""Files of released features: the real names, shapes, types and quirks, numbers of known truth."""

import pickle

import numpy as np
from scipy.io import savemat

from lookalikes.released_signals import BANDS, de_of, family_arrays, smi_eyes, tobii_eyes

N_TRAIN = {15: 9, 20: 13}  # trials of the training run


def n_windows(of, window_s):
    """Windows of each trial of a session of the facts; of unknown lengths, something."""
    seconds = of.seconds or [12 + 4 * (k % 3) for k in range(len(of.labels) or 20)]
    return [int(length // window_s) for length in seconds]


def labels_of(of):
    return of.labels or [k % 3 for k in range(20)]


def trials_of(facts, subject, session, window_s, eyes=smi_eyes):
    """Truth of a recording: DE and eye features per trial, and the labels."""
    of = facts.session(session)
    rng = np.random.default_rng([int(subject), int(session)])
    counts, labels = n_windows(of, window_s), labels_of(of)
    de = [de_of(rng, n, label) for n, label in zip(counts, labels, strict=True)]
    return de, [eyes(rng, n, k) for n, k in zip(counts, labels, strict=True)], list(labels)


def write_extracted(folder, facts, recordings, window_s, name=None):
    """SEED ExtractedFeatures_{1s,4s}: 180 variables a file, label.mat and readme.txt among them."""
    folder = folder / (name or f"ExtractedFeatures_{window_s:g}s")
    folder.mkdir(parents=True)
    truth = {}
    for subject, session in recordings:
        de, *_ = truth[subject, session] = trials_of(facts, subject, session, window_s)
        variables = {
            f"{kind}{k}": x
            for k, of in enumerate(de, start=1)
            for kind, x in family_arrays(of).items()
        }
        date = facts.dates[session][subject]
        savemat(folder / f"{subject}_{date}.mat", variables, do_compression=True)
    codes = [facts.released_labels[label] for label in facts.sessions[0].labels]
    savemat(folder / "label.mat", {"label": np.array([codes], dtype=np.int16)})
    (folder / "readme.txt").write_text("15 trials")
    return truth


def split(arrays, n_train):
    return np.concatenate(arrays[:n_train]), np.concatenate(arrays[n_train:])


def write_multimodal(
    folder, facts, recordings, window_s, *, has_eyes=True, sub="02-EEG-DE-feature"
):
    """02-EEG-DE-feature, 04-Eye-tracking-feature: pickles in .npz, and pickles without a suffix."""
    used = folder / sub / f"eeg_used_{window_s:g}s"
    eye_folder = folder / "04-Eye-tracking-feature" / "eye_tracking_feature"
    for each in (used, eye_folder):
        each.mkdir(parents=True, exist_ok=True)
    (used.parent / "reading_eeg_feature.py").write_text("import pickle")
    (eye_folder.parent / "reading_eye_feature.py").write_text("import pickle")
    truth = {}
    for subject, session in recordings:
        de, eyes, labels = truth[subject, session] = trials_of(facts, subject, session, window_s)
        n_train = N_TRAIN[len(labels)]
        by_window = [np.full(len(x), label) for x, label in zip(de, labels, strict=True)]
        content = {}
        for part, x, of in zip(
            ("train", "test"), split(de, n_train), split(by_window, n_train), strict=True
        ):
            bands = {band: x[:, :, i] for i, band in enumerate(BANDS)}
            content |= {f"{part}_data": pickle.dumps(bands), f"{part}_label": of}
        np.savez(used / f"{subject}_{session}.npz", **content)
        if has_eyes and subject in facts.eye_subjects:
            parts = dict(
                zip(("train_data_eye", "test_data_eye"), split(eyes, n_train), strict=True)
            )
            (eye_folder / f"{subject}_{session}").write_bytes(pickle.dumps(parts))
    return truth


def write_nine(folder, facts, recordings):
    """The .mat of nine subjects: EEG band by band and eyes in one file."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for subject, session in recordings:
        de, eyes, labels = truth[subject, session] = trials_of(facts, subject, session, 4.0)
        flat = [x.transpose(0, 2, 1).reshape(len(x), -1) for x in de]
        by_window = [np.full((len(x), 1), label) for x, label in zip(de, labels, strict=True)]
        content = {}
        for what, arrays in (("inst_eeg", flat), ("inst_eye", eyes), ("label", by_window)):
            for part, x in zip(("train", "test"), split(arrays, 9), strict=True):
                content[f"{part}_{what}"] = x
        savemat(folder / f"{subject}_{session}.mat", content)
    return truth


def write_seed_iv(folder, facts, recordings):
    """eeg_feature_smooth and eye_feature_smooth: a folder a session, 31 rows of eyes."""
    truth = {}
    no_blinks = [i for i in range(33) if i not in (18, 19)]
    for subject, session in recordings:
        de, eyes, labels = trials_of(facts, subject, session, 4.0)
        eyes = [x[:, no_blinks] for x in eyes]
        truth[subject, session] = de, eyes, labels
        name = f"{subject}_{facts.dates[session][subject]}.mat"
        kinds = ("de_movingAve", "de_LDS", "psd_movingAve", "psd_LDS")
        variables = {
            f"{kind}{k}": family_arrays(x)[kind]
            for k, x in enumerate(de, start=1)
            for kind in kinds
        }
        rows = {f"eye_{k}": x.T for k, x in enumerate(eyes, start=1)}
        for kind, content in (("eeg", variables), ("eye", rows)):
            place = folder / f"{kind}_feature_smooth" / session
            place.mkdir(parents=True, exist_ok=True)
            savemat(place / name, content, do_compression=True)
    return truth


def write_seed_v(folder, facts, subjects, *, order="channel"):
    """EEG_DE_features and Eye_movement_features: pickled dicts 0..44 as bytes within .npz."""
    truth = {}
    for subject in subjects:
        data, eye, labels = {}, {}, {}
        for session in facts.session_names():
            truth[subject, session] = of = trials_of(facts, subject, session, 4.0)
            for de, eyes, label in zip(*of, strict=True):
                x = de if order == "channel" else de.transpose(0, 2, 1)
                labels[len(data)] = np.full(len(de), float(label))
                eye[len(data)], data[len(data)] = eyes, x.reshape(len(x), -1)
        for place, content in (("EEG_DE_features", data), ("Eye_movement_features", eye)):
            (folder / place).mkdir(parents=True, exist_ok=True)
            np.savez(folder / place / f"{subject}_123.npz", data=pickle.dumps(content),
                     label=pickle.dumps(labels))  # fmt: skip
    return truth


def write_seed_vii(folder, facts, subjects):
    """EEG_features and EYE_features: trials 1..80, windows first and channels last."""
    truth = {}
    for subject in subjects:
        variables, rows = {}, {}
        for session in facts.session_names():
            truth[subject, session] = of = trials_of(facts, subject, session, 4.0, tobii_eyes)
            for de, eyes in zip(of[0], of[1], strict=True):
                k = len(rows) + 1
                smooth = family_arrays(de)["de_LDS"].transpose(1, 2, 0)
                variables |= {f"psd_{k}": np.exp2(de).transpose(0, 2, 1) / 100,
                              f"de_{k}": de.transpose(0, 2, 1), f"de_LDS_{k}": smooth}  # fmt: skip
                rows[str(k)] = eyes[: len(eyes) - (k == 3)]  # cut to the shortest of all subjects
        for place, content in (("EEG_features", variables), ("EYE_features", rows)):
            (folder / place).mkdir(parents=True, exist_ok=True)
            savemat(folder / place / f"{subject}.mat", content)
    return truth
