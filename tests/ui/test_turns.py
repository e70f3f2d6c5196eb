"""Long work goes one after another in the order of its coming; whoever cancels gives the place back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from threading import Thread

import pytest
from streamlit.testing.v1 import AppTest

from xviz.data.shipped import samples
from xviz.models import MODELS
from xviz.ui import cache, page, turns
from xviz.ui.turns import Turns, allowed


def test_so_many_at_once_and_the_others_in_their_order() -> None:
    line = Turns(2)
    tickets = [line.join() for _ in range(5)]
    assert [line.ahead(ticket) for ticket in tickets] == [0, 0, 1, 2, 3]
    line.leave(tickets[0])
    assert [line.ahead(ticket) for ticket in tickets[1:]] == [0, 0, 1, 2]
    line.leave(tickets[3])  # one who waits cancels
    line.leave(tickets[3])
    assert [line.ahead(tickets[i]) for i in (1, 2, 4)] == [0, 0, 1]
    assert len(line) == 3


def test_many_threads_never_pass_the_limit() -> None:
    line, busy, most = Turns(3), [], []

    def work() -> None:
        ticket = line.join()
        while line.ahead(ticket):
            time.sleep(0.001)
        busy.append(1)
        most.append(len(busy))
        time.sleep(0.002)
        busy.pop()
        line.leave(ticket)

    threads = [Thread(target=work) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 24
    assert max(most) <= 3
    assert len(line) == 0


def test_the_limit_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(turns.LONG, "3")
    assert allowed() == 3
    for wrong in ("", "0", "-2", "many"):
        monkeypatch.setenv(turns.LONG, wrong)
        assert allowed() >= 1


def _page() -> None:
    import time

    import streamlit as st

    from xviz.ui import page

    with page.told(), page.progress("Sampling") as move:
        for step in range(5):
            time.sleep(0.02)
            move(step / 5, "step")
    st.write("done")


def test_work_waits_while_another_has_the_turn_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    line, said = Turns(1), []
    monkeypatch.setattr(page, "TURNS", line)
    monkeypatch.setattr(page, "SOON", 0.01)
    monkeypatch.setattr(page, "POLLED", 0.05)
    other = line.join()
    ahead = line.ahead

    def looked(ticket: object) -> int:
        said.append(ahead(ticket))
        if len(said) == 4:
            line.leave(other)
        return said[-1]

    monkeypatch.setattr(line, "ahead", looked)
    shown = AppTest.from_function(_page).run(timeout=30)
    assert not shown.exception
    assert shown.markdown[-1].value == "done"
    assert said == [1, 1, 1, 1, 0]
    assert len(line) == 0


def test_work_that_fails_gives_the_turn_back(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Turns(1)
    monkeypatch.setattr(page, "TURNS", line)
    monkeypatch.setattr(page, "SOON", -1.0)
    shown = AppTest.from_string(
        "from xviz.ui import page\n"
        "with page.told(), page.progress('Sampling') as move:\n"
        "    move(0.1, 'step')\n"
        "    raise ValueError('no')\n"
    ).run(timeout=30)
    assert "Something went wrong" in shown.error[0].value
    assert len(line) == 0


class _Again(BaseException):
    """As Streamlit ends a script that is to run again."""


def _sample() -> None:
    with page.progress("Sampling") as move:
        for step in range(9):
            move(step / 9, "step")


@pytest.mark.parametrize("ahead", [1, 0], ids=["while it waits", "while it works"])
def test_a_cancel_frees_the_place_of_long_work(monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    line, looks = Turns(1), []
    monkeypatch.setattr(page, "TURNS", line)
    monkeypatch.setattr(page, "SOON", -1.0)
    monkeypatch.setattr(page, "POLLED", 0.01)
    others = [line.join() for _ in range(ahead)]

    def asked() -> bool:
        looks.append(len(line))
        return len(looks) > 3

    def again(**scope: str) -> None:
        raise _Again

    monkeypatch.setattr(page, "_asked_again", asked)
    monkeypatch.setattr(page.st, "rerun", again)
    with pytest.raises(_Again):
        _sample()
    assert looks[1:] == [ahead + 1] * 3, "it stood in the line until it was cancelled"
    assert len(line) == ahead
    assert all(line.ahead(ticket) == 0 for ticket in others)


@contextmanager
def _all_turns(kind: str | None) -> Iterator[None]:
    """Others have all turns at work of a kind."""
    with ExitStack() as held:
        for _ in range(allowed()):
            held.enter_context(turns.OPENING.turn(kind, nullcontext))
        yield


def test_what_is_soon_done_passes_what_takes_long_and_is_learnt() -> None:
    lanes, order = turns.Lanes(1), []
    with lanes.turn("a sentence", nullcontext):
        pass
    assert lanes.quick("a sentence")
    assert not lanes.quick("a room"), "never done, so that it counts as long"
    lanes._seconds["a room"] = 3.0

    def work(kind: str, name: str) -> None:
        with lanes.turn(kind, nullcontext):
            order.append(name)

    with lanes.turn("a room", nullcontext):
        threads = []
        for kind, name in (("a room", "room 1"), ("a sentence", "sentence 1"), ("a room", "room 2")):
            threads.append(Thread(target=work, args=(kind, name)))
            threads[-1].start()
            while len(lanes._line) + len(order) < len(threads):
                time.sleep(0.001)
        threads[1].join(20)
        assert order == ["sentence 1"], "rooms wait for the room, the sentence does not"
    for thread in threads:
        thread.join(20)
    assert order == ["sentence 1", "room 1", "room 2"]
    assert lanes._busy == {True: 0, False: 0}
    assert lanes._line == []


def test_samples_open_one_after_another_and_a_turn_holds_further_in() -> None:
    busy, most = [], []

    def work(fails: bool) -> None:
        with suppress(ValueError), turns.opening():
            with turns.opening():  # what is run is prepared first
                busy.append(1)
            most.append(len(busy))
            time.sleep(0.005)
            busy.pop()
            if fails:
                raise ValueError

    threads = [Thread(target=work, args=(number % 3 == 0,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(most) == 12
    assert max(most) <= allowed()


def test_only_one_who_has_to_wait_is_told_so() -> None:
    told, done = [], []

    @contextmanager
    def telling() -> Iterator[None]:
        told.append("begun")
        yield
        told.append("ended")

    def work() -> None:
        with turns.opening(told=telling):
            done.append(list(told))

    work()
    assert done == [[]]
    with _all_turns(None):
        thread = Thread(target=work)
        thread.start()
        while not told:
            time.sleep(0.001)
        assert len(done) == 1
    thread.join(20)
    assert done[1] == ["begun", "ended"]


def test_who_leaves_while_waiting_gives_the_turn_back() -> None:
    @contextmanager
    def left() -> Iterator[None]:
        yield
        raise ValueError

    def work() -> None:
        with suppress(ValueError), turns.opening(told=left):
            raise AssertionError("it went on")

    with _all_turns(None):
        thread = Thread(target=work)
        thread.start()
        time.sleep(0.05)
    thread.join(20)
    assert turns.OPENING._line == []
    assert turns.OPENING._busy == {True: 0, False: 0}


def test_what_is_there_waits_for_no_turn() -> None:
    card, sample = MODELS["mmca"], samples("mmca")[0].load()
    first = cache.run(card.key, sample)
    had = []
    thread = Thread(target=lambda: had.append(cache.run(card.key, sample)))
    with _all_turns(None):
        thread.start()
        thread.join(20)
    assert had == [first]
