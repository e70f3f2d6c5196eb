"""Answers made ahead: put together again, they are the very messages that the server sends."""

from __future__ import annotations

import numpy as np

from xviz.draw import scale
from xviz.drawings import image, words
from xviz.drawings.answers import NONE, addressed, message, name_of, table
from xviz.drawings.payload import unpack

PICKS = [NONE, *(f"word-{i}" for i in range(5))]


def drawn(pick: int, name: str) -> dict[str, bytes]:
    rng = np.random.default_rng(pick)
    of_boxes, of_words = rng.normal(size=7), np.where(np.arange(5) == 2, np.nan, rng.random(5))
    if not pick:
        of_boxes = None  # what is not explained has other arrays
    boxes = [(10.0 * i, 5, 10 * i + 8, 20) for i in range(7)]
    colours = None if of_boxes is None else scale.diverging(of_boxes, label="ä")
    picture = image.regions(
        np.zeros((30, 80, 3), np.uint8), boxes, of_boxes, labels=[f"region {i}" for i in range(7)],
        scale=colours, marks=image.Marks(known=boxes[:pick % 2]),
    )  # fmt: skip
    sentence = words.words(
        ["a", "dog", "“x”", "y", "z"], of_words, scale=scale.sequential(of_words, label="weight"),
        selected=(pick - 1,) if pick else (),
    )  # fmt: skip
    made = {"picture": picture.payload, "words": sentence.payload}
    return {key: addressed(payload, key, name, "group", "word") for key, payload in made.items()}


def test_every_message_comes_out_as_it_was() -> None:
    name = name_of("run", ("look", 3))
    sent = {pick: drawn(number, name) for number, pick in enumerate(PICKS)}
    kept = table(name, sent)
    assert len(kept) < sum(len(payload) for shown in sent.values() for payload in shown.values())
    for pick, shown in sent.items():
        for drawing, payload in shown.items():
            (header, arrays), (expected, exact) = message(kept, drawing, pick), unpack(payload)
            assert header == expected
            assert list(arrays) == list(exact)
            for key, array in exact.items():
                assert arrays[key].dtype == array.dtype
                assert arrays[key].tobytes() == array.tobytes()
    assert message(kept, "words", "word-5") is None
    assert message(kept, "matrix", "word-1") is None


def test_an_address_changes_nothing_else() -> None:
    plain = words.words(["a", "b"], [0.2, 0.8], scale=scale.sequential([0.2, 0.8], label="weight")).payload
    (header, arrays), (before, exact) = unpack(addressed(plain, "n", "t", "g", "word")), unpack(plain)
    assert header.pop("answers") == {"name": "n", "table": "t", "group": "g", "as": "word"}
    assert header == before
    assert all(np.array_equal(arrays[key], exact[key], equal_nan=True) for key in exact)
