"""What a network is told of the windows."""

from dataclasses import replace

from models.job import shapes_of


def test_shapes_name_channels_and_columns(windows):
    shapes = shapes_of(windows, ("eye", "eeg"), 3)
    assert shapes.features == {"eye": (6,), "eeg": (4, 5)}
    assert (shapes.n_classes, shapes.n_subjects) == (3, 3)
    assert shapes.names == {
        "eye": tuple(f"eye_{i}" for i in range(6)),
        "eeg": ("FP1", "FP2", "O1", "O2"),
    }


def test_names_that_nobody_told_are_absent(windows):
    unnamed = replace(windows, ch_names=(), columns={"eye": windows.columns["eye"]})
    assert set(shapes_of(unnamed, ("eeg", "eye"), 3).names) == {"eye"}
