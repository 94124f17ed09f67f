"""The layouts of public data sets, one line each; a lab's own recordings are `lab_table`."""

from dataclasses import replace
from pathlib import Path

from featpipe.datasets import (
    bids,
    deap,
    dreamer,
    seed,
    seed_iv,
    seed_languages,
    seed_v,
    seed_vii,
)
from featpipe.datasets.copies import without_copies
from featpipe.datasets.layout import Choice, Found, Layout
from featpipe.datasets.shared_names import without_shared_names


def _checked(layout: Layout) -> Layout:
    """Return a layout that finds no recording twice, and no two of one name."""

    def find(root: Path, choice: Choice) -> Found:
        return without_copies(without_shared_names(layout.find(root, choice)))

    return replace(layout, find=find)


LAYOUTS: dict[str, Layout] = {
    layout.name: _checked(layout)
    for layout in (
        Layout(
            "seed",
            "SEED: Preprocessed_EEG or SEED_RAW_EEG, 03-Eye-tracking-excel",
            seed.is_here,
            seed.find,
        ),
        Layout(
            "seed-iv",
            "SEED-IV: eeg_raw_data, eye_raw_data",
            seed_iv.is_here,
            seed_iv.find,
        ),
        Layout(
            "seed-ger",
            "SEED-GER: 01-EEG-raw with its time.txt, 03-Eye-tracking-excel",
            seed_languages.is_german_here,
            seed_languages.find_german,
        ),
        Layout(
            "seed-fra",
            "SEED-FRA: 01-EEG-raw with its time.txt, 03-Eye-tracking-excel",
            seed_languages.is_french_here,
            seed_languages.find_french,
        ),
        Layout("seed-v", "SEED-V: EEG_raw, Eye_raw/Session_*", seed_v.is_here, seed_v.find),
        Layout(
            "seed-vii",
            "SEED-VII: EEG_raw with EYE_raw and save_info, or EEG_preprocessed",
            seed_vii.is_here,
            seed_vii.find,
        ),
        Layout("bids", "EEG-BIDS with events; eyes beside it", bids.is_here, bids.find),
        Layout("deap", "sNN.dat, .mat or .bdf; participant_ratings.csv", deap.is_here, deap.find),
        Layout("dreamer", "DREAMER.mat, all subjects in one", dreamer.is_here, dreamer.find),
    )
}  # fmt: skip
"""Layouts by name, as `[study] layout` spells them."""
