"""The shape of the code: who imports whom, how long files and functions may be.

The limits stand here as constants with their exceptions; an exception needs a reason beside it.
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("featpipe", "models", "pipelines")
MAX_FILE, MAX_TEST_FILE, MAX_FUNCTION, MAX_CLASS_DEPTH = 300, 400, 60, 2
MAX_METHOD_FILE = 200
FORBIDDEN_NAMES = {"utils", "helpers", "common", "core", "base", "manager", "misc"}
LEAVES = {"featpipe.schema", "featpipe.errors"}
MODELS_MAY_READ = {
    *("featpipe", "featpipe.schema", "featpipe.errors", "featpipe.tables"),
    *("featpipe.publishing", "featpipe.regular_files"),  # model folders are files like others
}
LONG_FUNCTIONS = {
    "featpipe/features/de.py:_band_power",  # one compiled kernel: numba inlines nothing for less
}

FILES = sorted(path for package in (*PACKAGES, "tests") for path in (ROOT / package).rglob("*.py"))
SOURCES = [path for path in FILES if path.relative_to(ROOT).parts[0] in PACKAGES]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def name_of(path):
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path) for path in SOURCES}


def imports(path, *, top_level_only=False):
    """Names of our modules and foreign packages that a file imports."""
    nodes = TREES[path].body if top_level_only else ast.walk(TREES[path])
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [name for name in inner if name in MODULES]
            yield from found or [node.module]


def ours(path, **options):
    return {name for name in imports(path, **options) if name.split(".")[0] in PACKAGES}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_arrows_point_one_way(path):
    name, package = name_of(path), name_of(path).split(".")[0]
    for target in ours(path):
        assert package == "pipelines" or not target.startswith("pipelines"), f"{name} -> {target}"
        assert package != "featpipe" or target.startswith("featpipe"), f"{name} -> {target}"
        if package == "models" and target.startswith("featpipe"):
            assert target in MODELS_MAY_READ, f"{name} -> {target}"
        if name in LEAVES:
            pytest.fail(f"{name} is a leaf but imports {target}")
        if name.startswith("models.methods."):
            assert not target.startswith(("models.methods.", "models.train.", "models.registry"))
            assert target != "models.train"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_heavy_packages_stay_out(path):
    foreign = {name.split(".")[0] for name in imports(path)}
    if name_of(path).startswith("featpipe"):
        assert not foreign & {"torch", "dask", "distributed", "sklearn"}
    if name_of(path).startswith("models"):
        assert not foreign & {"dask", "distributed", "mne"}
    if foreign & {"dask", "distributed"}:
        allowed = {"cluster", "dask_tasks", "running", "task_progress"}
        assert name_of(path) in {f"pipelines.{name}" for name in allowed}
    assert not foreign & {"pickle", "joblib", "dill", "shelve", "marshal"}


def test_no_import_cycles():
    graph = {name_of(path): ours(path) & MODULES for path in SOURCES}

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail, name])
        if name not in seen:
            for target in graph[name] - {name}:
                visit(target, [*trail, name])
            seen.add(name)

    seen: set[str] = set()
    for name in graph:
        visit(name, [])


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_are_short(path):
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    limit = MAX_TEST_FILE if path not in SOURCES else MAX_FILE
    if name_of(path).startswith("models.methods."):
        limit = MAX_METHOD_FILE
    assert n_lines <= limit, f"{n_lines} lines"
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            where = f"{path.relative_to(ROOT).as_posix()}:{node.name}"
            body = node.body[1:] if ast.get_docstring(node) else node.body
            n_body = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert n_body <= MAX_FUNCTION or where in LONG_FUNCTIONS, f"{where}: {n_body} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_names_say_what_is_inside(path):
    assert not FORBIDDEN_NAMES & set(path.relative_to(ROOT).with_suffix("").parts)
    if path.name == "__init__.py":
        code = [n for n in TREES[path].body if not isinstance(n, ast.Expr | ast.Assign)]
        assert not code, "an __init__ holds a docstring and a constant at most"


def test_classes_are_shallow():
    parents = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for path in SOURCES
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.ClassDef)
    }

    def depth(name):
        return 1 + max((depth(parent) for parent in parents[name] if parent in parents), default=0)

    for name in parents:
        assert depth(name) <= MAX_CLASS_DEPTH, name
