"""What visitors share and is dear to make, kept while all of it together stays within so many megabytes.

Counting entries would not do: ten rooms take what two thousand sentences take, and a shelf for six rooms has the
seventh visitor's click read them all again. Everything here is frozen, so that sharing is safe; keys are digests, so
that no visitor meets another's sample.
"""

from __future__ import annotations

import gc
import inspect
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

import numpy as np
import streamlit as st
import torch
from streamlit import runtime
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from xviz.ui import turns
from xviz.ui.net import logged

MEGABYTES = "XVIZ_MEMORY"  #: environment variable with what is kept at most
USUAL = 1500  #: megabytes
LOOKED, RARELY = 10.0, 60.0  #: seconds after which it is looked whether visitors have left, and whether any came
WAITING = "Waiting for the samples of other visitors …"
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def allowed() -> int:
    """How many bytes may be kept."""
    setting = os.environ.get(MEGABYTES, "")
    return (int(setting) if setting.isdecimal() and int(setting) > 0 else USUAL) * 10**6


class Store:
    """Objects by key; those that were not asked for longest go first. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit, self.bytes = limit, 0
        self._lock, self._objects = Lock(), OrderedDict[Hashable, tuple[object, int]]()
        self._making: dict[Hashable, tuple[Lock, list[object]]] = {}

    def get(self, key: Hashable) -> tuple[object] | None:
        """What is kept under a key, in a tuple; None where nothing is."""
        with self._lock:
            entry = self._objects.get(key)
            if entry is None:
                return None
            self._objects.move_to_end(key)
            return (entry[0],)

    def make(self, key: Hashable, maker: Callable[[], object]) -> object:
        """What is kept under a key, made by the first who asks; the others wait for it."""
        with self._lock:
            lock, waiting = self._making.setdefault(key, (Lock(), []))
            waiting.append(ticket := object())
        try:
            with lock:
                if (entry := self.get(key)) is None:
                    entry = (maker(),)
                    self._put(key, entry[0])
                return entry[0]
        finally:
            with self._lock:
                waiting.remove(ticket)
                if not waiting:
                    self._making.pop(key, None)

    def _put(self, key: Hashable, value: object) -> None:
        size = size_of(value)
        with self._lock:
            self._objects[key] = value, size
            self.bytes += size
            while self.bytes > self.limit and len(self._objects) > 1:
                self.bytes -= self._objects.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._objects.clear()
            self.bytes = 0

    def __len__(self) -> int:
        with self._lock:
            return len(self._objects)


STORE = Store(allowed())  #: of this server


def kept(
    spinner: str = "", *, turn: bool = False
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Keeps what a function returns, by its arguments; those whose names begin with ``_`` do not count.

    Args:
        spinner: What is said while it is made; nothing where it is empty.
        turn: Whether whoever makes it waits for a turn (``turns.opening``). It is taken before the lock of a key, never
            after it, so that nobody waits for somebody who waits.
    """

    def decorated(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        signature, name = inspect.signature(function), f"{function.__module__}.{function.__qualname__}"
        counted = [parameter for parameter in signature.parameters if not parameter.startswith("_")]

        @wraps(function)
        def shared(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            key = (name, *(bound.arguments[parameter] for parameter in counted))

            def maker() -> Result:
                with _said(spinner):
                    return function(*args, **kwargs)

            if (entry := STORE.get(key)) is not None:
                return entry[0]
            kind = name, bound.arguments.get("key")  # the model's, where there is one
            with turns.opening(kind, lambda: _said(WAITING)) if turn else nullcontext():
                return STORE.make(key, maker)

        return shared

    return decorated


def _said(text: str) -> AbstractContextManager[object]:
    """A spinner with a text, where a page is being drawn in this thread."""
    if text and get_script_run_ctx(suppress_warning=True) is not None:
        return st.spinner(text)
    return nullcontext()


def size_of(value: object, seen: set[int] | None = None) -> int:
    """Bytes of the arrays, tensors, texts and byte strings in an object, each counted once."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return size_of(value.base, seen) if isinstance(value.base, np.ndarray) else value.nbytes
    if isinstance(value, torch.Tensor):
        storage = value.untyped_storage()
        known = storage.data_ptr() in seen
        seen.add(storage.data_ptr())
        return 0 if known else storage.nbytes()
    if isinstance(value, bytes | bytearray | str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(size_of(each, seen) for pair in value.items() for each in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return sum(size_of(each, seen) for each in value)
    if type(value).__module__.startswith("xviz.") and not isinstance(value, type):
        names = getattr(value, "__dict__", None)
        names = names if names is not None else {n: getattr(value, n) for n in getattr(value, "__slots__", ())}
        return sum(size_of(each, seen) for each in names.values())
    return 0


def give_back() -> None:
    """Free what visitors brought who have left, again and again; for a thread of its own.

    Streamlit keeps a visit that broke off for two minutes and forgets it when the next one breaks off, and its objects
    refer to each other, so that uploads would stay until Python happens to look for such cycles. The last visit is
    referred to until another one comes, so that visits that come are a reason to look too, but a rarer one.
    """
    known, swept, changed = visits(), time.monotonic(), False
    while True:
        time.sleep(LOOKED)
        try:
            now = visits()
            changed = changed or now != known
            if now < known or (changed and time.monotonic() - swept > RARELY):
                swept, changed = time.monotonic(), False
                sweep()
            known = now
        except Exception as error:  # such as a list that the server changes meanwhile; the next look may go well
            logged(error)


def visits() -> int:
    """Those that are open, and those that broke off and may still come back."""
    return len(runtime.get_instance()._session_mgr.list_sessions())


def sweep() -> None:
    """Forget visits that broke off too long ago, and free what refers to itself."""
    server = runtime.get_instance()
    broken_off: Any = server._session_mgr._session_storage._cache  # type: ignore[attr-defined]
    server._get_async_objs().eventloop.call_soon_threadsafe(broken_off.expire)
    time.sleep(1)
    gc.unfreeze()  # what was frozen with a model that was loaded while they were here, too (``cache.load``)
    gc.collect()
    gc.freeze()
