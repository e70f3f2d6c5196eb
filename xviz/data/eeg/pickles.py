"""Arrays out of a pickle, and nothing else: DEAP's ``.dat`` files are pickles of Python 2.

A pickle is a program. Here the few names that NumPy's own pickles call are answered by stand-ins that only note what
they are given; every other name is refused before anything is called. Arrays are then made from the notes, after type,
shape and number of bytes are found to fit. The stand-ins are made anew for each file, so that a pickle which changes
them changes nothing for the next.

Before any of it is read, its instructions are looked through: only those that pickles of arrays have are allowed, none
may claim more memory than the file has bytes, and no tuple may be used twice, from which a short file could build a
structure that takes years to walk.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError

NUMBERS = "biuf"  #: kinds of dtype that are read: bool, integers, floating point
_TEXTS = ("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8")
_NUMBERS = ("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1")
_TUPLES = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")
_PUTS, _GETS = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), ("GET", "BINGET", "LONG_BINGET")
_FRAME = ("PROTO", "FRAME", "MARK", "STOP", "EMPTY_DICT", "DICT", "SETITEM", "SETITEMS", "EMPTY_TUPLE")
_CALLS = ("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD")
ALLOWED = frozenset(_TEXTS + _BYTES + _NUMBERS + _TUPLES + _PUTS + _GETS + _FRAME + _CALLS)  #: instructions of pickles
_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric", "numpy")


def read_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """A pickled dict of arrays, name → array.

    Args:
        data: The pickle, of any protocol and of Python 2 or 3.

    Raises:
        SampleError: it asks for anything but arrays of numbers, or it is damaged.
    """
    try:
        check_instructions(data)
        content = _Reader(data).load()
    except SampleError:
        raise
    except Exception as error:  # a damaged pickle fails in any way it likes; no code of it has run
        raise SampleError(
            f"A .dat file should be a pickled dict of arrays, as DEAP has it; this one cannot be read ({error}). "
            "It may be cut short: download it again."
        ) from error
    if not isinstance(content, dict) or not content:
        raise SampleError(f"A .dat file should hold a dict of arrays; this one holds a {type(content).__name__}.")
    return {_text(name): _array(value, _text(name)) for name, value in content.items()}


def check_instructions(data: bytes) -> None:
    """Refuse a pickle with instructions that pickles of arrays do not have, before any of them is followed.

    Raises:
        SampleError: there is one.
        ValueError: the pickle is damaged.
    """
    before, memo, tuples = "", 0, set()
    for instruction, argument, _ in pickletools.genops(data):
        name = instruction.name
        slot = memo if name == "MEMOIZE" else argument if isinstance(argument, int) else -1
        refused = name not in ALLOWED
        if name in _PUTS:
            memo += 1
            refused = slot >= len(data)
            if before in _TUPLES:
                tuples.add(slot)
        elif name in _GETS:
            refused = slot in tuples
        if refused:
            raise SampleError(
                f"The file has an instruction ({name}) that pickled arrays do not have, so that it was refused and "
                "nothing of it was run. Use a file from its original source."
            )
        before = name


class _Reader(pickle.Unpickler):
    """An unpickler that knows no names but those of arrays."""

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1", fix_imports=False)
        self._known = _stand_ins(len(data))

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of that name.

        Raises:
            SampleError: there is none.
        """
        if (module, name) in self._known:
            return self._known[module, name]
        raise SampleError(
            f"The file asks Python to use “{module}.{name}”. A DEAP file holds arrays only, so that this one was "
            "refused and nothing of it was run. Use a file from its original source."
        )


def _stand_ins(size: int) -> Mapping[tuple[str, str], Callable[..., Any]]:
    """Stand-ins for one file of that many bytes, by module and name."""

    class Dtype:
        """Notes what numpy.dtype is given."""

        def __init__(self, spec: str, *_: object) -> None:
            self.spec, self.order = spec, "="

        def __setstate__(self, state: tuple) -> None:
            self.order = state[1]

    class Array:
        """Notes what numpy.ndarray is given."""

        state: tuple | None = None

        def __setstate__(self, state: tuple) -> None:
            self.state = state

    def reconstruct(*_: object) -> Array:
        return Array()

    def frombuffer(buffer: bytes, dtype: Dtype, shape: tuple, order: str) -> Array:
        array = Array()
        array.state = (1, shape, dtype, order == "F", buffer)
        return array

    spent = 0

    def encode(text: str, codec: str = "latin1") -> bytes:
        nonlocal spent
        spent += len(text)
        if codec not in ("latin1", "latin-1") or spent > size:
            raise SampleError("The file encodes text in a way that arrays do not. It was refused.")
        return text.encode("latin1")

    known: dict[tuple[str, str], Callable[..., Any]] = {("_codecs", "encode"): encode}
    for module in _MODULES:
        known |= {(module, "_reconstruct"): reconstruct, (module, "_frombuffer"): frombuffer}
    return known | {("numpy", "dtype"): Dtype, ("numpy", "ndarray"): Array}


def _array(noted: object, name: str) -> NDArray[Any]:
    """The array that a stand-in noted.

    Raises:
        SampleError: it is no array of numbers, or its bytes do not fit its shape.
    """
    state = getattr(noted, "state", None)
    if not (isinstance(state, tuple) and len(state) == 5):
        raise SampleError(f"“{name}” should be an array; it is a {type(noted).__name__}. The file was refused.")
    _, shape, dtype, fortran, data = state
    kind = _dtype(dtype, name)
    data = data.encode("latin1") if isinstance(data, str) else data
    whole = isinstance(shape, tuple) and all(isinstance(n, int) and n >= 0 for n in shape)
    if not whole or not isinstance(data, bytes | bytearray) or prod(shape) * kind.itemsize != len(data):
        raise SampleError(f"“{name}” is damaged: its bytes do not fit its shape. Download it again.")
    return np.frombuffer(data, kind).reshape(shape, order="F" if fortran else "C")


def _dtype(noted: object, name: str) -> np.dtype:
    """The type of number that a stand-in noted."""
    spec, order = getattr(noted, "spec", None), getattr(noted, "order", "")
    if isinstance(spec, str) and len(spec) <= 3 and spec[:1] in NUMBERS and spec[1:].isdigit() and order in "<>=|":
        try:
            return np.dtype(spec).newbyteorder(order)
        except TypeError:
            pass
    raise SampleError(f"“{name}” should hold numbers; its type is {_said(spec)}. The file was refused.")


def _said(spec: object) -> str:
    """A type as the file calls it, if it calls it by text."""
    return f"“{spec:.20}”" if isinstance(spec, str) else type(spec).__name__


def _text(name: object) -> str:
    """A dict's key as text.

    Raises:
        SampleError: it is none.
    """
    if not isinstance(name, str | bytes):
        raise SampleError(f"The arrays should have names; one is called by a {type(name).__name__}. It was refused.")
    return name.decode("latin1") if isinstance(name, bytes) else name
