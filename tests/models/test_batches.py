import numpy as np
import pytest
import torch

from models.batches import draw_rows, fold_facts, gather, scale_folds, to_device
from models.folds import loso
from models.runs import find_items
from models.sampling import seed_for

MODALITIES = ("eeg", "eye")


@pytest.fixture
def folds(windows):
    return list(loso(windows.keys))


@pytest.fixture
def data(windows):
    return to_device(windows, MODALITIES, "cpu")


@pytest.fixture
def facts(windows, data, folds):
    return fold_facts(data, scale_folds(windows, MODALITIES, folds), folds)


def naive(windows, folds, modality, rows):
    """Standardise every window by itself."""
    out = np.empty((*rows.shape, *windows.x[modality].shape[1:]))
    for at in np.ndindex(rows.shape):
        train = windows.x[modality][folds[at[0]].train].astype(np.float64)
        out[at] = (windows.x[modality][rows[at]] - train.mean(0)) / train.std(0)
    return out


@pytest.mark.parametrize("shape", [(4, 7), (4, 7, 3)], ids=["windows", "runs"])
def test_gather_equals_one_by_one(windows, folds, data, facts, shape):
    rows = np.random.default_rng(0).integers(len(windows.keys), size=shape)
    batch = gather(data, facts, torch.from_numpy(rows), MODALITIES)
    for modality in MODALITIES:
        np.testing.assert_allclose(
            batch.x[modality], naive(windows, folds, modality, rows), atol=1e-4
        )
    last = rows if rows.ndim == 2 else rows[:, :, -1]
    np.testing.assert_array_equal(batch.index, last)
    np.testing.assert_array_equal(batch.label, windows.label[last])
    subject = windows.keys["subject"].to_numpy()
    for i_fold, fold in enumerate(folds):
        trained = sorted(set(subject[fold.train]))
        expected = [trained.index(s) if s in trained else -1 for s in subject[last[i_fold]]]
        np.testing.assert_array_equal(batch.subject[i_fold], expected)


def test_unlabelled_batches_hide_label_and_subject(data, facts):
    rows = torch.zeros(4, 5, dtype=torch.int64)
    batch = gather(data, facts, rows, ["eye"], is_labelled=False)
    assert set(batch.x) == {"eye"}
    assert (batch.label == -1).all()
    assert (batch.subject == -1).all()


def test_rows_are_drawn_from_each_folds_own_side_equally_by_subject(windows, folds, data):
    sides = [fold.train for fold in folds]
    seeds = [seed_for(0, fold.name) for fold in folds]
    for length in (None, 2):
        items = find_items(windows.keys, length)
        rows = next(draw_rows(data, items, sides, 5, 12, seeds)).numpy()
        assert rows.shape[:3] == (5, 4, 12)
        for i_fold, fold in enumerate(folds):
            assert np.isin(rows[:, i_fold], fold.train).all()
            last = rows[:, i_fold] if length is None else rows[:, i_fold, :, -1]
            for step in last:
                counts = windows.keys["subject"].iloc[step].value_counts()
                assert counts.to_list() == [4, 4, 4]


def test_read_only_arrays_are_taken_without_a_warning(windows):
    for x in windows.x.values():
        x.flags.writeable = False
    try:
        assert to_device(windows, MODALITIES, "cpu").x["eeg"].shape == windows.x["eeg"].shape
    finally:
        for x in windows.x.values():
            x.flags.writeable = True
