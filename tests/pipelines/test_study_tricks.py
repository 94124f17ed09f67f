"""Study files that no person writes: refused with the place and the option, and in a moment."""

import dataclasses
import math
import os
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featpipe.errors import ConfigError
from pipelines import study_text
from pipelines.study import SECTIONS, load_study

MINIMAL = '[study]\nname = "lab"\nclasses = ["calm", "tense"]\n'
OPTIONS = [
    (section, field.name, "tuple" in str(field.type))
    for section, record in SECTIONS.items()
    for field in dataclasses.fields(record)
    if any(kind in str(field.type) for kind in ("int", "float"))
]
NUMBERS = st.one_of(
    st.sampled_from(
        ["nan", "inf", "-inf", "0", "-0.0", "-1", "1e400", "-1e400", "1e308", "5e-324", "1e-300",
         "9" * 30, f"-{'9' * 30}", "9" * 5000, "0x7fffffffffffffff", "true", '""', '"1"', "[]",
         "[[1]]", "{}", "1979-05-27", "07:32:00", "2147483648", "9007199254740993"]
    ),
    st.integers().map(str),
    st.floats().map(repr),
)  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("tricks") / "study.toml"


def is_finite(value):
    if isinstance(value, float):
        return math.isfinite(value)
    return all(map(is_finite, value)) if isinstance(value, tuple) else True


@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(option=st.sampled_from(OPTIONS), number=NUMBERS, is_typed=st.booleans())
def test_every_number_is_accepted_and_finite_or_refused_by_name(file, option, number, is_typed):
    section, name, is_list = option
    lists = f"[{number}]" if is_list else number
    file.write_text(MINIMAL + (f"[{section}]\n" * (section != "study")) + f"{name} = {lists}\n")
    overrides: list[str] = []
    if is_typed:
        file.write_text(MINIMAL)
        overrides = [f"{section}.{name}={number}"]
    try:
        study = load_study(file, overrides)
    except ConfigError as error:
        refused = str(error)
    else:
        assert is_finite(getattr(getattr(study, section), name))
        return
    assert name in refused or "not valid TOML" in refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"x = {'[' * 100_000}{']' * 100_000}", "not valid TOML.*nested deeper than 8"),
        (f"[eeg]\n{'.'.join('a' * 50_000)} = 1", "nested deeper than 8"),
        (f"[{'. '.join('a' * 50_000)}]", "nested deeper than 8"),
        ("[eeg]\n" + ".".join(['"a"'] * 50_000) + " = 1", "nested deeper than 8"),
        (f"[train.options.cscm]\nb = {'[' * 90}{']' * 90}", r"\[train\] options\.cscm\.b.*deeper"),
        (f"[eeg]\nsfreq = {'9' * 5000}", "not valid TOML.*digits"),
        (f"[eeg]\nsfreq = {'9' * 400}", r"\[eeg\] sfreq = 9{20}\.\.\. \(400.*64 bits"),
        ("[eeg]\nsfreq = 200\nsfreq = 250", "not valid TOML: Cannot overwrite"),
        ("[eeg]\n[eeg]", "not valid TOML: Cannot declare"),
        ("[eeg]\nsfreq = 1e999", r"\[eeg\] sfreq = inf: expected a finite number"),
        ("[train.options.cscm]\nn_epochs = nan", r"\[train\] options\.cscm\.n_epochs = nan"),
        ("[study]\0", "not valid TOML"),
        ("[train]\nseeds = [4294967296]", r"\[train\] seeds = .*to 4294967295"),
    ],
)
def test_what_no_person_writes_is_refused(file, text, said):
    file.write_text(MINIMAL + text)
    with pytest.raises(ConfigError, match=said):
        load_study(file)


def test_dots_in_values_and_comments_are_no_nesting(file):
    file.write_text(
        f"# {'. . . ' * 20} a.b.c.d.e.f.g.h.i.j.k\n{MINIMAL}[eeg]\n"
        'channels = ["a.b.c.d.e.f.g.h.i.j.k.l", \'Fc5.\', "Fc3."]\nnotch = [50.0, 60.0]\n'
    )
    assert load_study(file).eeg.notch == (50.0, 60.0)


def test_more_classes_than_the_column_holds_are_refused(file):
    names = ", ".join(f'"c{i}"' for i in range(128))
    file.write_text(f'[study]\nname = "lab"\nclasses = [{names}]\n')
    with pytest.raises(ConfigError, match="128 names, expected at most 127"):
        load_study(file)


def test_a_file_of_a_gigabyte_is_not_read(file):
    with file.open("wb") as stream:
        stream.truncate(1 << 30)  # sparse
    with pytest.raises(ConfigError, match=f"more than {study_text.MOST_BYTES} bytes"):
        load_study(file)
    file.unlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "fifo.toml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket.toml"))
        for path in (tmp_path / "fifo.toml", tmp_path / "socket.toml"):
            with pytest.raises(ConfigError, match="a device or pipe"):
                load_study(path)
    with pytest.raises(ConfigError, match="too long"):
        load_study(tmp_path / ("a" * 300))
