"""What stands in a link."""

from __future__ import annotations

from threading import Thread

import pytest

from xviz.core.explanation import Explanation
from xviz.core.provenance import Provenance
from xviz.ui.cache import Shelf
from xviz.ui.page import plain
from xviz.ui.state import Selection, _numbers


@pytest.mark.parametrize("selection", [Selection("word", 0), Selection("region", 35), Selection("view12", 4)])
def test_a_selection_comes_back_from_its_text(selection: Selection) -> None:
    assert Selection.parse(selection.text()) == selection


@pytest.mark.parametrize(
    "text", [None, "", "word", "word-", "word-0", "word--3", "word-x", "Word-3", "a b-3", "word-9999999", "word-3.5"]
)
def test_what_names_no_token_selects_none(text: str | None) -> None:
    assert Selection.parse(text) is None


@pytest.mark.parametrize(
    ("text", "regions"),
    [(None, ()), ("", ()), ("3,1", (0, 2)), ("1,1", (0,)), ("0,-2,x,2", (1,)), ("99999999999", ())],
)
def test_masked_regions_are_read_from_a_link(text: str | None, regions: tuple[int, ...]) -> None:
    assert _numbers(text) == regions


def test_text_for_markdown_keeps_every_character_as_it_is() -> None:
    assert plain("<b>*x*</b> $a$ :cat:") == "\\<b\\>\\*x\\*\\</b\\> \\$a\\$ \\:cat\\:"


def explanation(value: float) -> Explanation:
    return Explanation({"regions": [value]}, "look", "score", "weight", True, Provenance("m", "c", "s", "n", "d"))  # type: ignore[dict-item]


def test_the_shelf_keeps_what_was_used_last() -> None:
    shelf = Shelf(2)
    for key in "ab":
        shelf.put(key, explanation(0))
    shelf.get("a")
    shelf.put("c", explanation(0))
    assert shelf.get("a") is not None
    assert shelf.get("b") is None
    assert shelf.get("c") is not None


def test_threads_share_the_shelf() -> None:
    shelf, wrong = Shelf(8), []

    def visit(who: int) -> None:
        for turn in range(300):
            key = (who, turn % 5)
            shelf.put(key, explanation(who))
            kept = shelf.get(key)
            if kept is not None and kept.scores["regions"][0] != who:
                wrong.append(who)

    visitors = [Thread(target=visit, args=(who,)) for who in range(6)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join()
    assert not wrong
    assert len(shelf.kept) <= 8
