"""Machine code is looked up by the kernel's own file: nothing it is made of may stand elsewhere."""

import ast
from pathlib import Path

import numpy as np
import pytest

from featpipe.compiling import aligned

PACKAGES = ("featpipe", "models", "pipelines")
ROOT = Path(__file__).parents[2]


def read_names(node):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def names_from_elsewhere(tree):
    """Names at the top of a module that stand for what another of our modules defines."""
    foreign = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
            foreign |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            ours = [alias for alias in node.names if alias.name.split(".")[0] in PACKAGES]
            foreign |= {alias.asname or alias.name.split(".")[0] for alias in ours}
        elif isinstance(node, ast.Assign | ast.AnnAssign) and read_names(node) & foreign:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            foreign |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return foreign


def kernels(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and "kernel" in map(ast.unparse, node.decorator_list):
            yield node


def borrowed(code):
    """What the kernels of a module take from elsewhere."""
    tree = ast.parse(code)
    foreign = names_from_elsewhere(tree)
    return [
        f"{kernel.name}: {name}"
        for kernel in kernels(tree)
        for name in sorted(set().union(*map(read_names, kernel.body)) & foreign)
    ]


def test_kernels_borrow_nothing():
    found = {path: path.read_text(encoding="utf-8") for path in (ROOT / "featpipe").rglob("*.py")}
    with_kernels = {path: code for path, code in found.items() if "@kernel" in code}
    assert len(with_kernels) >= 4
    wrong = {path.name: borrowed(code) for path, code in with_kernels.items() if borrowed(code)}
    assert not wrong, "pass it as an argument: cached machine code would outlive a change of it"


@pytest.mark.parametrize(
    ("head", "use"),
    [
        ("from featpipe.power import FLAT", "FLAT"),
        ("from featpipe.power import fold as FLAT", "FLAT(x)"),
        ("from featpipe import power", "power.FLAT"),
        ("import featpipe.power", "featpipe.power.FLAT"),
        ("from featpipe.power import LEVEL\nFLAT = LEVEL / 2", "FLAT"),
    ],
)
def test_what_is_borrowed_is_found(head, use):
    code = f"{head}\n\n@kernel\ndef total(x):\n    return x.sum() + {use}\n"
    assert [text.split(":")[0] for text in borrowed(code)] == ["total"]
    own = f"{head}\nOWN = 2.0\n\n@kernel\ndef total(x):\n    return x.sum() + OWN\n"
    assert borrowed(own) == []


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(7,), (3, 16), (2, 5, 8)])
def test_arrays_begin_with_a_line_of_the_cache(shape, kind):
    kept = [aligned(shape, kind) for _ in range(20)]  # one alone may be lucky
    for x in kept:
        assert x.ctypes.data % 64 == 0
        assert (x.shape, x.dtype) == (shape, kind)
        assert x.flags.c_contiguous
        assert not x.any()
