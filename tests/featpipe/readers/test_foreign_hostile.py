"""Pickles that would run code, fill the memory or never end are refused; nothing of them is run."""

import functools
import io
import operator
import os
import pickle
import re
import runpy
import struct
import subprocess

import numpy as np
import pytest
from naive_foreign import RAW
from scipy.io import loadmat, savemat
from scipy.sparse import csc_array

from featpipe.errors import ReadError
from featpipe.readers.foreign import Limits, read_arrays
from featpipe.readers.foreign_child import could_begin, leaves
from featpipe.readers.foreign_leaf import Effort, Terms

EMPTY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
F8 = b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"


class Call:
    """What pickle calls when it is loaded."""

    def __init__(self, called, *arguments, state=None):
        self.reduced = (called, arguments) if state is None else (called, arguments, state)

    def __reduce__(self):
        return self.reduced


def read(path):
    """Read everything, in this process: nothing in a file may be able to do harm here either."""
    terms = Terms(Effort(), 1 << 28, lambda name: True)
    return {leaf.name: leaf.make() for leaf in leaves(path, terms)}


def calls(canary):
    """Pickles that would make a file."""
    touch = f"touch {canary}"
    python = f"open({str(canary)!r}, 'w')"
    text = pickle.dumps(touch, 0)[:-1]  # as instructions
    saved = io.BytesIO()
    np.save(saved, np.array([Call(os.system, touch)], object))
    return {
        "system": pickle.dumps(Call(os.system, touch)),
        "system_0": pickle.dumps(Call(os.system, touch), 0),
        "posix": b"cposix\nsystem\n(" + text + b"tR.",
        "eval": pickle.dumps(Call(eval, python)),
        "exec": pickle.dumps(Call(exec, python)),
        "subprocess": pickle.dumps(Call(subprocess.Popen, ["touch", str(canary)])),
        "run_path": pickle.dumps(Call(runpy.run_path, str(canary))),
        "partial": pickle.dumps(Call(functools.partial, Call(os.system, touch))),
        "attrgetter": pickle.dumps(
            Call(operator.attrgetter("__class__.__base__.__subclasses__"), RAW)
        ),
        "getattr": pickle.dumps(Call(getattr, RAW, "tofile")),
        "methodcaller": pickle.dumps(operator.methodcaller("tofile", str(canary))),
        "numpy_load": b"cnumpy\nload\n(" + text + b"\x88tR.",
        "numpy_memmap": b"cnumpy\nmemmap\n(" + text + b"tR.",
        "import": b"c__builtin__\n__import__\n(" + text + b"tR.",
        "inst": b"(" + text + b"ios\nsystem\n.",
        "obj": b"(cos\nsystem\n" + text + b"o.",
        "newobj": b"\x80\x02cnumpy\nndarray\n" + text + b"\x85\x81.",
        "newobj_ex": b"\x80\x04cnumpy\nndarray\n" + text + b"\x85}\x92.",
        "stack_global": b"\x80\x04\x8c\x02os\x8c\x06system\x93" + text + b"\x85R.",
        "dotted": b"\x80\x04\x8c\x05numpy\x8c\x10ndarray.__init__\x93" + text + b"\x85R.",
        "extension": b"\x80\x02\x82\x01" + text + b"\x85R.",
        "persistent": b"(lPos.system\na.",
        "persistent_2": text + b"Q.",
        "buffer": b"\x80\x05\x97.",
        "call_of_text": text + text + b"\x85R.",
        "call_of_a_call": EMPTY + text + b"\x85R.",
        "state_of_a_dict": b"}(" + text + b"I1\nu}b.",
        "state_of_a_name": b"cnumpy\ndtype\n}b.",
        "name_as_value": b"(lcnumpy\nndarray\na.",
        "codec": b"c_codecs\nencode\n(" + text + b"Vzip\ntR.",
        "inside": pickle.dumps({"data": pickle.dumps(Call(os.system, touch))}),
        "as_state": pickle.dumps(Call(np.dtype, "f8", state=Call(os.system, touch))),
        "as_key": pickle.dumps({"a": 1}, 0)[:-1] + b"cposix\nsystem\n(" + text + b"tRI1\ns.",
        "in_npy": saved.getvalue(),
    }


NAMES = sorted(calls(""))


def test_they_would_do_harm_if_they_were_loaded(tmp_path):
    canary = tmp_path / "canary"
    pickle.loads(calls(canary)["posix"])
    assert canary.exists()


@pytest.mark.parametrize("name", NAMES)
def test_no_pickle_runs_anything(tmp_path, name):
    canary, path = tmp_path / "canary", tmp_path / "1_1"
    path.write_bytes(calls(canary)[name])
    with pytest.raises(ReadError, match=r"its pickle (asks for|calls|sets|holds)|damaged"):
        read(path)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("posix", r"asks for posix\.system, which may run code; copy it again; if it comes from"),
        ("numpy_load", r"asks for numpy\.load, which may run code"),
        ("inst", r"asks for an object of a class \(INST\)"),
        ("extension", r"asks for a registered extension \(EXT1\)"),
        ("persistent", r"an object outside of the file \(PERSID\)"),
        ("codec", "calls encode in another way than NumPy"),
        ("call_of_text", "calls a str"),
        ("in_npy", r"asks for posix\.system"),
    ],
)
def test_the_message_says_what_was_asked_for(tmp_path, name, said):
    """Through the child, as everybody reads."""
    path = tmp_path / "1_1"
    path.write_bytes(calls(tmp_path / "canary")[name])
    with pytest.raises(ReadError, match=said) as told:
        read_arrays(path)
    assert str(told.value).startswith(f"{path}: ")
    assert not (tmp_path / "canary").exists()


def array(shape=b"(K\x02t", dtype=F8, raw=b"U\x10" + bytes(16), order=b"\x89"):
    return EMPTY + b"(K\x01" + shape + dtype + order + raw + b"tb."


def with_type(code, state=b""):
    return b"cnumpy\ndtype\nU" + bytes([len(code)]) + code + b"K\x00K\x01\x87R" + state


def laughs(depth=11, width=12):
    """Lists of one list, over and over: few bytes, 12 ** 11 values."""
    layer = b"]" + b"q\x00" + b"(" + b"I1\n" * width + b"e"
    for i in range(depth):
        layer += b"]q" + bytes([i + 1]) + b"(" + (b"h" + bytes([i])) * width + b"e"
    return layer + b"."


MADE_UP = {
    "sound": (array(), None),
    "huge shape": (array(b"(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft"), "bytes of float64 are declared"),
    "huge integers": (array(b"(\x8a\x09" + b"\xff" * 8 + b"\0t"), "are no dimensions"),
    "negative": (array(b"(J\xfe\xff\xff\xfft"), "are no dimensions"),
    "text as shape": (array(b"U\x01a"), "are no dimensions"),
    "40 dimensions": (array(b"(" + b"K\x01" * 40 + b"t"), "are no dimensions"),
    "objects of bytes": (array(dtype=with_type(b"O8")), "objects that are in no list"),
    "numbers of a list": (array(raw=b"]"), "numbers in a list"),
    "no such type": (array(dtype=with_type(b"f7")), "array of type 'f7'"),
    "void": (array(dtype=with_type(b"V8")), "array of type 'V8'"),
    "dates": (array(dtype=with_type(b"M8[s]")), r"array of type 'M8\[s\]'"),
    "records": (
        array(dtype=with_type(b"f8", b"(K\x03U\x01|N(U\x01atU\x01bK\x08K\x01K\x10tb")),
        "an array of records",
    ),
    "fields at any offset": (
        array(dtype=with_type(b"f8", b"(K\x03U\x01|N(U\x01at}NK\x08K\x01tb")), "records"
    ),
    "byte order": (array(dtype=with_type(b"f8", b"(K\x03U\x01!NNNtb")), "byte order '!'"),
    "scalar": (
        b"cnumpy.core.multiarray\nscalar\n" + F8 + b"U\x04abcd\x86R.", "that is none"
    ),
    "scalar of objects": (
        b"cnumpy.core.multiarray\nscalar\n" + with_type(b"O") + b"U\x08" + bytes(8) + b"\x86R.",
        "that is none",
    ),
    "reconstruct": (
        EMPTY.replace(b"K\x00\x85", b"J\xff\xff\xff\x7f\x85") + b".", "in another way than NumPy"
    ),
    "reconstruct of a dtype": (
        EMPTY.replace(b"cnumpy\nndarray", b"cnumpy\ndtype") + b".", "in another way than NumPy"
    ),
    "a terabyte of bytes": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"ab.", "truncated"),
    "a terabyte of bytearray": (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".", "truncated"),
    "a terabyte of text": (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b".", "damaged"),
    "a huge memo": (b"K\x01r\xff\xff\xff\xff.", None),
    "nothing in the memo": (b"\x80\x02hK.", "damaged"),
    "an empty stack": (b"\x80\x02R.", "damaged"),
    "no end": (b"\x80\x02}", "truncated"),
    "no mark": (b"K\x01t.", "damaged"),
    "a key without value": (b"}(K\x01u.", "a key without a value"),
    "a list as key": (b"}]K\x01s.", "a key in its pickle is a list"),
    "a long key": (b"}X" + struct.pack("<I", 500) + b"a" * 500 + b"K\x01s.", "has 500 letters"),
    "a key of many digits": (
        b"}\x8b" + struct.pack("<i", 3000) + b"\x7f" * 3000 + b"K\x01s.", "damaged"
    ),
    "keys that are one": (b"}(K\x01K\x02U\x011K\x03u.", "two keys of a dict in its pickle"),
    "an integer of 800 bits": (b"\x80\x02\x8a\x64" + b"\x7f" * 100 + b".", "a number of 799 bits"),
    "itself": (b"]q\x00h\x00a.", "nested deeper than 12"),
    "itself as a value": (b"}q\x00U\x01ah\x00s.", "nested deeper than 12"),
    "itself in an array": (
        EMPTY + b"q\x00(K\x01(K\x01t" + with_type(b"O8") + b"\x89]h\x00atb.",
        "nested deeper than 12",
    ),
    "very deep": (b"]" * 100_000 + b"a" * 99_999 + b".", "nested deeper than 12"),
    "deep tuples": (b"K\x01" + b"\x85" * 100_000 + b".", "nested deeper than 12"),
    "a million laughs": (laughs(), "millions of values"),
    "many values": (b"]" + b"(" + b"K\x01" * 300_000 + b"e.", "millions of values"),
    "a set": (b"\x80\x04\x8f.", r"a set, which is not read \(EMPTY_SET\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE_UP)
def test_what_is_made_up_is_refused(tmp_path, name):
    path = tmp_path / "1_1"
    content, said = MADE_UP[name]
    path.write_bytes(content)
    if said is None:
        assert list(read(path)) == [""]
        return
    with pytest.raises(ReadError, match=said):
        read(path)


def test_names_that_become_one_are_refused(tmp_path):
    path = tmp_path / "1_1"
    path.write_bytes(pickle.dumps({"a": {"b": RAW}, "a/b": RAW}))
    with pytest.raises(ReadError, match="two arrays in it are called 'a/b'"):
        read_arrays(path)


def test_a_pickle_that_is_read_over_and_over_is_refused(tmp_path):
    """A list of one pickle of a megabyte, many times."""
    inner = pickle.dumps(b"\0" * (1 << 20))
    content = b"\x80\x04B" + struct.pack("<I", len(inner)) + inner + b"q\x000"
    content += b"](" + b"h\x00" * 100_000 + b"e."
    path = tmp_path / "1_1"
    path.write_bytes(content)
    with pytest.raises(ReadError, match="millions of values"):
        read(path)


def npy(header: str, raw: bytes = b"") -> bytes:
    text = header.encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + raw


@pytest.mark.parametrize(
    ("header", "raw", "said"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}", b"", "declared"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", bytes(24), "declared"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-2, -1)}", bytes(16), "dimensions"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (10**12,)}", b"", "damaged"),
        ("{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,)}", b"", "declared"),
        ("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", bytes(8), "records"),
        ("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,)}", bytes(8), "an array of"),
        ("__import__('os').system('true')", b"", "header of the array is damaged"),
        ("(" * 90, b"", "header of the array is damaged"),
    ],
)
def test_headers_of_npy_are_compared_with_the_file(tmp_path, header, raw, said):
    path = tmp_path / "a.npy"
    path.write_bytes(npy(header, raw))
    with pytest.raises(ReadError, match=said):
        read(path)


def test_a_struct_in_matlab_that_would_inflate_too_far_is_not_inflated(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"s": {"x": np.zeros(12_000_000)}}, do_compression=True)
    with pytest.raises(ReadError, match=r"s would take 960\d{5} bytes, over \d+; copy it again"):
        read_arrays(path, limits=Limits(memory=140_000_000))


def test_letters_of_matlab_cost_what_they_are(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"t": np.array(["a" * 1500] * 1500)}, do_compression=True)
    with pytest.raises(ReadError, match="millions of values"):
        read(path)
    rows = np.array(["ab  ", "ä cd"])
    savemat(path, {"t": rows})
    assert read(path)["t"].tolist() == rows.tolist() == loadmat(path)["t"].tolist()


def test_a_sparse_matrix_is_named_when_it_is_wanted(tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, {"n": csc_array(np.eye(3)), "x": RAW[0]})
    with pytest.raises(ReadError, match="n is a sparse matrix, which is not read"):
        read(path)
    assert read_arrays(path, "x")["x"].shape == (3, 4)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        (r"data/\d+", "data", True),
        (r"data/\d+", "label", False),
        (r"de_LDS\d+", "about", False),
        (r"(?i)DATA/\d+", "data", True),
        ("(?!)", "data", False),
        # what cannot be told is of use
        (".*", "about", True),
        ("a.b/c", "a", True),
        (r"\S+/c", "a", True),
        ("(EEG/)?data", "EEG", True),
        ("x/1|y/2", "y", True),
        ("[^/]*_eeg1", "about", True),
        (r"[\w/]+x", "about", True),
        (r"(?P<top>a)/b", "a", True),
    ],
)
def test_only_what_can_begin_a_name_is_of_use(pattern, name, expected):
    """A container is inflated only where something in it may be wanted, and always there."""
    assert could_begin(re.compile(pattern))(name) is expected
