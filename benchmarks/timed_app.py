"""The app with a stopwatch in it: ``python benchmarks/timed_app.py LOG [options of xviz app]``; ``page.py`` starts it.

Every run of a script leaves a line of JSON in LOG: when it began and ended, the seconds of the processor that its
thread took, and how many of its seconds went where. A part that calls another is not charged for it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from xviz.ui.serve import alone

alone()  # as the app does, before NumPy is loaded

from streamlit.runtime.scriptrunner import script_runner  # noqa: E402
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext  # noqa: E402

PARTS = ("model", "method", "packing", "sending")
#: modules that hold what pages call; imported first, so that every name of a timed function is found
MODULES = (
    "xviz.ui.cache", "xviz.ui.matching.explore", "xviz.ui.matching.export", "xviz.ui.views.explore",
    "xviz.ui.views.methods", "xviz.ui.eeg.explore", "xviz.ui.eeg.signals", "xviz.ui.rooms.explore", "xviz.ui.own.page",
    "xviz.ui.glance", "xviz.ui.trust",
)  # fmt: skip
_open = threading.local()


class Part:
    """Charges the time until it ends to a part, and to no other."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        stack = _open.__dict__.setdefault("stack", [])
        self._charge(stack)
        stack.append(self.name)

    def __exit__(self, *_: object) -> None:
        self._charge(_open.stack)
        _open.stack.pop()

    def _charge(self, stack: list[str]) -> None:
        now = time.perf_counter()
        if stack:
            spent = _open.__dict__.setdefault("spent", {})
            spent[stack[-1]] = spent.get(stack[-1], 0.0) + now - _open.since
        _open.since = now


def timed(function: Callable[..., Any], part: str) -> Callable[..., Any]:
    """The same function, charged to a part."""

    @wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        with Part(part):
            return function(*args, **options)

    return call


def replace_everywhere(function: Callable[..., Any], part: str) -> None:
    """Put the timed function in the place of the other, under every name that a module of xviz has for it."""
    other = timed(function, part)
    for name, module in list(sys.modules.items()):
        if name.startswith("xviz") and isinstance(module, ModuleType):
            for key, value in list(vars(module).items()):
                if value is function:
                    setattr(module, key, other)


def watch(log: Path) -> None:
    """Time scripts and their parts."""
    for name in MODULES:
        import_module(name)
    from xviz.engine import calling
    from xviz.ui import cache

    for function in (calling.forward, calling.value):
        replace_everywhere(function, "model")
    replace_everywhere(cache.explain, "method")
    for name, module in list(sys.modules.items()):
        if name.startswith("xviz.drawings.") and isinstance(module, ModuleType):
            for key, value in list(vars(module).items()):
                own = callable(value) and getattr(value, "__module__", "") == name and not isinstance(value, type)
                if own and not key.startswith("_"):
                    replace_everywhere(value, "packing")
    ScriptRunContext.enqueue = timed(ScriptRunContext.enqueue, "sending")
    run, lock = script_runner.ScriptRunner._run_script, threading.Lock()

    def counted(self: object, asked: object) -> None:
        _open.spent = {}
        begun, cpu = time.time(), time.thread_time()
        try:
            with Part("script"):
                run(self, asked)
        finally:
            entry = {"begun": begun, "ended": time.time(), "cpu": time.thread_time() - cpu, **_open.spent}
            with lock, log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    script_runner.ScriptRunner._run_script = counted


if __name__ == "__main__":
    watch(Path(sys.argv[1]))
    from xviz.ui.serve import serve

    serve(sys.argv[2:])
