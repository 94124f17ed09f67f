"""Compile the kernels once per user and keep the machine code for the next process.

numba's own cache is used, with three differences: the folder is found when a kernel is first
called and not when it is imported; code that is damaged, or that a race between processes left
under the wrong name, is compiled again; a folder that cannot be written costs time and no run.
Numba functions of other packages keep numba's settings.
"""

import logging
import math
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, cast

import llvmlite.binding
import numba
import numpy as np
import platformdirs
from numba.core import caching, config, sigutils
from numba.core.dispatcher import Dispatcher

logger = logging.getLogger(__name__)

# what numba says of its own types is contradictory
_caching: Any = caching
_config: Any = config

FAST_MATH = ("contract", "reassoc")
"""Sums may be reordered and multiplications fused with additions; NaN and infinity are kept."""

_CACHE_LINE = 64  # bytes

_own: list[Path] = []


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of arrays and numbers on its first call; machine code is cached.

    Arithmetic is that of `FAST_MATH`. Code is kept in `cache_folder()`; where that cannot be
    written every process compiles anew, with one warning.

    Parameters
    ----------
    function : callable
        What numba can compile. Kernels it calls and constants it reads must stand in the same
        file: numba looks at that file alone when it decides whether cached code is still good.

    Returns
    -------
    callable
        The function itself where NUMBA_DISABLE_JIT is set.
    """
    compiled = numba.njit(nogil=True, fastmath=set(FAST_MATH))(function)
    if isinstance(compiled, Dispatcher):
        cast(Any, compiled)._cache = _MachineCode(function)
    return compiled


def aligned(shape: tuple[int, ...], kind: type[np.floating]) -> np.ndarray:
    """Make zeros that begin with a line of the processor's cache.

    Parameters
    ----------
    shape : tuple of int
        Rows stay aligned where they are a multiple of 64 bytes long.
    kind : type
        `numpy.float32` or `numpy.float64`.

    Returns
    -------
    numpy.ndarray, C-contiguous
        NumPy and numba promise 16 and 32 bytes only; vectors of 64 bytes then touch two lines each,
        and kernels that do little but load them take twice as long, by chance.
    """
    size = math.prod(shape) * np.dtype(kind).itemsize
    room = np.zeros(size + _CACHE_LINE, np.uint8)
    skipped = -room.ctypes.data % _CACHE_LINE
    return room[skipped : skipped + size].view(kind).reshape(shape)


def cache_folder() -> Path:
    """Return where this process looks for machine code and keeps it.

    Returns
    -------
    Path
        A folder for this type of CPU, so that machines which share a disk do not mix their code:
        below the folder given to `keep_in`, else the one that the environment variable
        NUMBA_CACHE_DIR names, else the user's cache folder.
    """
    named = os.environ.get("NUMBA_CACHE_DIR")
    root = _own[-1] if _own else named or Path(platformdirs.user_cache_dir("featpipe"), "kernels")
    cpu = _config.CPU_NAME or llvmlite.binding.get_host_cpu_name()
    return Path(root, "-".join((cpu, *FAST_MATH)))


def keep_in(folder: Path) -> None:
    """Give this process a folder of its own for machine code.

    Parameters
    ----------
    folder : Path
        Need not exist. Holds for kernels that are compiled or loaded from now on.
    """
    _own[:] = [folder]


class _Locator(_caching._SourceFileBackedLocatorMixin, _caching._CacheLocator):
    """Where the code of one kernel lies; nothing is written before there is code to keep."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        self._py_file = file
        self._lineno = function.__code__.co_firstlineno
        self._folder = str(cache_folder() / self.get_suitable_cache_subpath(file))

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> "_Locator":
        return cls(function, file)

    def get_cache_path(self) -> str:
        return self._folder


class _Compiled(_caching.CompileResultCacheImpl):
    _locator_classes = (_Locator,)


class _Files(_caching.FunctionCache):
    _impl_class = _Compiled


class _MachineCode(_caching.NullCache):
    """What a kernel asks for its code; numba holds its compiler lock meanwhile."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @property
    def cache_path(self) -> str:
        return str(cache_folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        found = self._stored(sig, target_context)
        if found is None:
            _tell()
        return found

    def _stored(self, sig: Any, target_context: Any) -> Any:
        files = _Files(self._function)
        try:
            found = files.load_overload(sig, target_context)
        except OSError:  # no folder, or not ours to read
            return None
        except Exception as error:  # cut short by a full disk or a crash: unpickling raises any
            logger.info("%s is damaged (%s): compiled anew", files.cache_path, error)
            with suppress(OSError):
                files.flush()
            return None
        # two processes that saved at once may have given two signatures one file
        wanted = tuple(sigutils.normalize_signature(sig)[0])
        return found if found is None or tuple(found.signature.args) == wanted else None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            _Files(self._function).save_overload(sig, data)
        except OSError as error:
            _warn(cache_folder(), error.strerror or str(error))
        except Exception as error:  # the list of what is kept, cut short by a full disk
            _warn(cache_folder(), str(error))


@cache
def _tell() -> None:
    """Say once per process why nothing seems to happen."""
    logger.warning("compiling kernels, once per machine and version of featpipe: up to 20 s")


@cache
def _warn(folder: Path, reason: str) -> None:
    """Say once per process that compiling will have to be repeated."""
    logger.warning(
        "%s: machine code cannot be kept there (%s), so every process compiles anew; name a folder "
        "that can be written in NUMBA_CACHE_DIR",
        folder,
        reason,
    )
