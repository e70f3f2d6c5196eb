"""What is done before the first visitor comes."""

from __future__ import annotations

import pytest

from xviz.checkpoints import manifest
from xviz.data.shipped import samples
from xviz.house import TABLE
from xviz.ui import ahead, cache, memory, warm


def test_every_page_s_first_sample_is_run_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, str]] = []
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
    assert ran == [*(("load", key) for key in keys), *((key, samples(key)[0].load().digest) for key in keys)]


@pytest.mark.parametrize("key", ["mmca", "mit"])
def test_a_page_finds_what_was_run(key: str) -> None:
    run = cache.run(key, samples(key)[0].load())
    assert cache.run(key, samples(key)[0].load()) is run
