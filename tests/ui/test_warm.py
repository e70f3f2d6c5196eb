"""What is done before the first visitor comes."""

from __future__ import annotations

import pytest

from xviz.checkpoints import manifest
from xviz.data.shipped import samples
from xviz.house import TABLE
from xviz.ui import ahead, cache, memory, warm


@pytest.mark.parametrize("visitor_after", [None, 2])
def test_every_page_s_first_sample_is_run_until_a_visitor_comes(
    monkeypatch: pytest.MonkeyPatch, visitor_after: int | None
) -> None:
    ran: list[tuple[str, str]] = []
    looks = iter(range(100))
    monkeypatch.setattr(memory, "visits", lambda: int(next(looks) == visitor_after))
    monkeypatch.setattr(warm.runtime, "exists", lambda: True)
    monkeypatch.setattr(warm.runtime, "get_instance", lambda: type("Runtime", (), {"state": None})())
    monkeypatch.setattr(warm.first, "ready", lambda: None)
    monkeypatch.setattr(ahead, "start", lambda: None)
    monkeypatch.setattr(memory, "give_back", lambda: None)
    monkeypatch.setattr(cache, "load", lambda key: ran.append(("load", key)))
    monkeypatch.setattr(cache, "run", lambda key, sample: ran.append((key, sample.digest)))
    monkeypatch.setattr(warm, "logged", lambda error: pytest.fail(str(error)))
    warm._work()
    keys = [key for key in TABLE if cache.MODELS[key].checkpoint in manifest()]
    run = [(key, samples(key)[0].load().digest) for key in keys[:visitor_after]]
    assert ran == [*(("load", key) for key in keys), *run]


@pytest.mark.parametrize("key", ["mmca", "mit"])
def test_a_page_finds_what_was_run(key: str) -> None:
    run = cache.run(key, samples(key)[0].load())
    assert cache.run(key, samples(key)[0].load()) is run
