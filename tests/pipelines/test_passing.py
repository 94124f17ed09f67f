"""Disks out of reach may come back; bad data, full disks and missing files do not."""

import errno

import pytest

from featpipe.errors import ReadError
from pipelines.passing import may_pass


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNRESET])
def test_input_and_output_out_of_reach_may_pass(number):
    error = OSError(number, "out of reach")
    assert may_pass(error)
    assert may_pass(caused(ReadError("a.cnt: it cannot be read"), error))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.ENOENT, errno.EACCES])
def test_full_disks_missing_files_and_rights_stay(number):
    assert not may_pass(OSError(number, "no"))


def test_bad_data_stay():
    assert not may_pass(ReadError("truncated"))
    assert not may_pass(caused(ReadError("damaged"), ValueError("no number")))
    assert not may_pass(OSError("a Parquet file that is damaged"))
    assert not may_pass(MemoryError())
