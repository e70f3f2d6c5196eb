"""The tab of every layer and head on pages of our own models: what is shown for a picked token, what a click does."""

from __future__ import annotations

import pytest

from tests.pages.test_pages import opened, told
from xviz.ui import glance


@pytest.mark.parametrize(
    ("page", "token", "called", "head"),
    [("mmvit.py", "view1-20", "view 1", None), ("mca.py", "electrode-3", "F3", 2)],
)
def test_the_picked_token_is_shown_in_every_layer_and_head(
    page: str, token: str, called: str, head: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[glance.Asked] = []
    monkeypatch.setattr(glance, "show", asked.append)
    at = opened("home.py")
    at.query_params["token"] = token
    at.session_state["tabs"] = "Layers and heads"
    at.switch_page(f"pages/{page}").run()
    assert not at.error, told(at)
    assert not at.exception
    last = asked[-1]
    assert called in last.called
    assert last.head == head
    assert set(last.titles or ()) >= {call.name for call in last.run.calls}
    assert last.space in last.forms
