"""What visitors share is kept within so many bytes, is made once, and is never another's."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from xviz.data.shipped import samples
from xviz.models import MODELS
from xviz.ui import cache, memory


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> memory.Store:
    store = memory.Store(1000)
    monkeypatch.setattr(memory, "STORE", store)
    return store


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (np.zeros(10), 80), (np.zeros((4, 10))[1:, ::2], 320), (torch.zeros(5), 20), (torch.zeros(2, 5)[0], 40),
        (b"four", 4), ("five!", 5), ([np.zeros(2), {"name": np.zeros(1)}], 28), (None, 0), (3, 0),
    ],
    ids=["array", "view of an array", "tensor", "view of a tensor", "bytes", "text", "nested", "none", "int"],
)  # fmt: skip
def test_the_size_of_a_thing(value: object, size: int) -> None:
    assert memory.size_of(value) == size


def test_what_is_there_twice_counts_once() -> None:
    array = np.zeros(10)
    assert memory.size_of([array, array, array[2:]]) == 80
    tensor = torch.zeros(10)
    assert memory.size_of((tensor, tensor.reshape(2, 5))) == 40


def test_the_size_of_a_run_is_at_least_that_of_what_it_heard() -> None:
    sample = samples("mmca")[0].load()
    run = cache.run(MODELS["mmca"].key, sample)
    heard = sum(
        tensor.nbytes for call in run.calls for tensor in vars(call).values() if isinstance(tensor, torch.Tensor)
    )
    pixels = sum(part.pixels.nbytes for part in sample.parts.values() if hasattr(part, "pixels"))
    assert memory.size_of(run) >= heard > 0
    assert memory.size_of(sample) >= pixels


def test_those_not_asked_for_longest_go_first(store: memory.Store) -> None:
    made = []

    @memory.kept()
    def array(name: str, count: int) -> np.ndarray:
        made.append(name)
        return np.zeros(count, np.uint8)

    for name in ("a", "b", "c"):
        array(name, 300)
    array("a", 300)
    array("d", 300)  # 1,200 bytes: “b” goes
    assert store.bytes == 900
    for name in ("a", "c", "d"):
        array(name, count=300)
    assert made == ["a", "b", "c", "d"]
    array("b", 300)
    assert made == ["a", "b", "c", "d", "b"]
    array("whole", 5000)
    assert len(store) == 1, "what is larger than all is kept alone, since it is what is on somebody's screen"
    store.clear()
    assert (len(store), store.bytes) == (0, 0)


def test_arguments_that_do_not_count_do_not_and_all_others_do(store: memory.Store) -> None:
    @memory.kept()
    def first(digest: str, option: int = 1, *, _data: bytes = b"") -> tuple[str, int, bytes]:
        return digest, option, _data

    @memory.kept()
    def second(digest: str, option: int = 1) -> str:
        return "of another function"

    assert first("x", _data=b"one") == first("x", 1, _data=b"two") == ("x", 1, b"one")
    assert first("x", 2) == ("x", 2, b"")
    assert second("x") == "of another function"


def test_many_who_ask_at_once_have_it_made_once_and_an_error_is_not_kept(store: memory.Store) -> None:
    made, had = [], []

    @memory.kept(turn=True)
    def slow(name: str) -> str:
        made.append(name)
        time.sleep(0.05)
        if len(made) == 1:
            raise ValueError("the first fails")
        return name

    def ask() -> None:
        try:
            had.append(slow("x"))
        except ValueError:
            had.append("failed")

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(had) == ["failed"] + ["x"] * 7
    assert len(made) == 2
    assert store._making == {}


def test_how_long_work_takes_is_learnt_by_function_and_model_not_by_sample(
    store: memory.Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = []

    @contextmanager
    def opening(kind: Hashable, told: object) -> Iterator[None]:
        kinds.append(kind)
        yield

    monkeypatch.setattr(memory.turns, "opening", opening)

    @memory.kept(turn=True)
    def run(key: str, digest: str) -> str:
        return digest

    @memory.kept(turn=True)
    def read(digest: str) -> str:
        return digest

    for digest in ("one", "two"):
        run("a model", digest)
        run("another", digest)
        read(digest)
    assert kinds[:3] == kinds[3:]
    assert len(set(kinds)) == 3


def test_none_is_kept_too(store: memory.Store) -> None:
    made = []

    @memory.kept()
    def nothing(name: str) -> None:
        made.append(name)

    assert nothing("x") is nothing("x") is None
    assert made == ["x"]


def test_a_cycle_ends() -> None:
    @dataclass
    class Link:
        other: list[object] = field(default_factory=list)
        array: np.ndarray = field(default_factory=lambda: np.zeros(3))

    Link.__module__ = "xviz.made"
    link = Link()
    link.other.append(link)
    assert memory.size_of(link) == 24


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.MEGABYTES, "20")
    assert memory.allowed() == 20_000_000
    for wrong in ("", "0", "-2", "many"):
        monkeypatch.setenv(memory.MEGABYTES, wrong)
        assert memory.allowed() == memory.USUAL * 10**6


def test_what_visitors_brought_who_left_is_freed_though_it_refers_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.runtime.memory_session_storage import MemorySessionStorage
    from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

    class Visit:
        """As a session of Streamlit: it refers to itself, and holds what was brought."""

        def __init__(self) -> None:
            self.session, self.upload = self, np.zeros(9)
            self.id = "one"

    storage, loop, waits = MemorySessionStorage(ttl_seconds=0), [], []
    storage.save(visit := Visit())
    gone = weakref.ref(visit)
    del visit
    manager = WebsocketSessionManager.__new__(WebsocketSessionManager)
    manager._session_storage, manager._active_session_info_by_id = storage, {}
    objects = SimpleNamespace(eventloop=SimpleNamespace(call_soon_threadsafe=lambda call: loop.append(call() is None)))
    server = SimpleNamespace(_session_mgr=manager, _get_async_objs=lambda: objects)
    monkeypatch.setattr(memory.runtime, "get_instance", lambda: server)
    monkeypatch.setattr(memory.time, "sleep", waits.append)
    gc.disable()
    try:
        assert memory.visits() == 0
        assert gone() is not None
        gc.freeze()  # a model was loaded meanwhile
        memory.sweep()
        assert gone() is None
    finally:
        gc.enable()
    assert len(loop) == len(waits) == 1


@pytest.mark.parametrize(
    ("counts", "fails", "sweeps"),
    [
        ((3, 3, 3), False, 0), ((3, 2, 2), False, 1), ((3, 2, 1), False, 2), ((3, *[4] * 8), False, 1),
        ((3, 4, 4, 4), False, 0), ((3, 2, 2, 2), True, 3),
    ],
    ids=["nothing", "one left", "two, one by one", "one came a minute ago", "one came just now", "until it goes"],
)  # fmt: skip
def test_when_it_is_looked_for(
    counts: tuple[int, ...], fails: bool, sweeps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ended(BaseException):
        pass

    left, swept, clock = list(counts), [], [0.0]

    def visits() -> int:
        if not left:
            raise Ended
        return left.pop(0)

    def sweep() -> None:
        swept.append(clock[0])
        if fails:
            raise RuntimeError("the server changed a list meanwhile")

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(memory, "visits", visits)
    monkeypatch.setattr(memory, "sweep", sweep)
    monkeypatch.setattr(memory, "logged", str)
    monkeypatch.setattr(memory.time, "sleep", sleep)
    monkeypatch.setattr(memory.time, "monotonic", lambda: clock[0])
    with pytest.raises(Ended):
        memory.give_back()
    assert len(swept) == sweeps
