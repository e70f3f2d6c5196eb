"""Answers made ahead: each once, and again where others took its place."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from xviz.drawings.payload import pack
from xviz.ui import ahead, cache


@pytest.fixture
def maker() -> Iterator[ahead.Maker]:
    made = ahead.Maker()
    yield made
    made.ended.set()


def shown(content: str) -> dict[str, bytes]:
    """A message of one drawing."""
    return {"drawing": pack({"text": content})}


def waited(maker: ahead.Maker, name: str) -> bytes | None:
    """The table once it is made."""
    end = time.monotonic() + 20
    while (table := maker.get(name)) is None and time.monotonic() < end:
        time.sleep(0.01)
    return table


def test_a_table_that_gave_way_to_others_is_made_again_when_it_is_asked_for(maker: ahead.Maker) -> None:
    maker.tables, made = cache.Shelf(1), list[str]()

    def make(name: str):
        def messages():
            made.append(name)
            yield "none", shown(name)

        return messages

    for name in ("first", "second", "first"):
        maker.ask(name, make(name))
        assert waited(maker, name) is not None
    assert made == ["first", "second", "first"]


def test_one_that_fails_or_is_too_large_is_tried_once(maker: ahead.Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST", 1000)
    tried = list[str]()

    def fails():
        tried.append("fails")
        raise ValueError("no")
        yield

    def large():
        tried.append("large")
        yield "none", shown("large " * 4000)

    def small():
        yield "none", shown("small")

    for _ in range(2):
        maker.ask("fails", fails)
        maker.ask("large", large)
    maker.ask("small", small)
    assert waited(maker, "small") is not None
    maker.ask("fails", fails)
    maker.ask("large", large)
    maker.ask("other", small)
    assert waited(maker, "other") is not None
    assert tried == ["fails", "large"]
    assert maker.get("large") is None
