"""The data sets that ship features: name -> how these lie in a folder, one line each."""

from collections.abc import Callable
from pathlib import Path

from featpipe.datasets.layout import Choice, Found
from featpipe.datasets.released_by_subject import find_seed_v, find_seed_vii
from featpipe.datasets.released_seed import find_seed, find_seed_fra, find_seed_ger
from featpipe.datasets.released_seed_iv import find_seed_iv

RELEASED: dict[str, Callable[[Path, Choice], Found]] = {
    "seed": find_seed,
    "seed-iv": find_seed_iv,
    "seed-v": find_seed_v,
    "seed-vii": find_seed_vii,
    "seed-ger": find_seed_ger,
    "seed-fra": find_seed_fra,
}
"""(folder, Choice) -> Found, by the name of the data set. Sources have `Source.released`."""
