"""The base install extracts without PyTorch, and help does not wait for heavy imports."""

import os
import subprocess
import sys

import pytest

HEAVY = ("torch", "sklearn", "matplotlib", "jinja2", "statsmodels", "safetensors")
SLOW = (
    "numpy",
    "pandas",
    "pyarrow",
    "mne",
    "numba",
    "scipy",
    "dask",
    "distributed",
    "torch",
    "rich",
)


@pytest.fixture
def without_extras(tmp_path):
    """Environment in which the extras cannot be imported, in workers neither."""
    for name in HEAVY:
        text = f"raise ModuleNotFoundError({f'No module named {name!r}'!r}, name={name!r})\n"
        if name != "matplotlib":  # MNE itself depends on it
            (tmp_path / f"{name}.py").write_text(text)
    return os.environ | {"PYTHONPATH": str(tmp_path)}


def featpipe(*arguments, env):
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *map(str, arguments)],
        env=env, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_extract_runs_without_the_extras(study, tmp_path, without_extras):
    words = ("-o", tmp_path / "new", "--set", "train.device=cuda")  # no device is looked for
    done = featpipe("extract", study / "study.toml", *words, env=without_extras)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "new/features/eye").iterdir())) == 3
    shown = featpipe("show", study / "study.toml", "-o", tmp_path / "new", env=without_extras)
    assert "6 fresh, 0 to make" in shown.stdout


def test_training_says_what_is_missing(study, without_extras):
    done = featpipe("train", study / "study.toml", env=without_extras)
    assert done.returncode == 4
    assert "No module named" in done.stderr
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["extract", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys; from pipelines.__main__ import run; assert run(sys.argv[1:]) == 0; "
        f"heavy = set({SLOW!r}) & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_import_featpipe_is_light():
    code = f"import featpipe, sys; assert not set({SLOW!r}) & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
