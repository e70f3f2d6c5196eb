"""A sentence as a drawing: one chip per word, coloured by its score."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from xviz.draw.scale import Scale, number, order
from xviz.drawings.drawing import Drawing, check_length, drawn_with
from xviz.drawings.payload import pack


def words(
    words: Sequence[str],
    scores: ArrayLike | None = None,
    *,
    scale: Scale | None = None,
    selected: Sequence[int] = (),
    groups: Sequence[str] | None = None,
    unknown: Sequence[int] = (),
    title: str = "",
    height: int = 120,
) -> Drawing:
    """A sentence whose words can be picked.

    Args:
        words: in reading order; any script, either direction.
        scores: (words,), NaN for a word without one; None shows the words alone.
        scale: colours and limits, needed with `scores`.
        selected: the words to outline; empty leaves what the visitor picked.
        groups: the part each word belongs to ("question", "answer"); every change of part starts a headed line.
        unknown: words that the model has no piece for, drawn in grey whatever their score.
        title: printed above.
        height: a guess for the page, CSS pixels; chips wrap like text and take what they need.
    """
    words = [str(word) for word in words]
    if scores is not None:
        scores = np.asarray(scores, np.float32)
        check_length("scores", scores, len(words))
    if groups is not None:
        check_length("groups", groups, len(words))
    bar, arrays = drawn_with(scale, scores)
    alt = f"{title or 'Words'}: {' '.join(words)}."
    table: tuple = (("word",), *((word,) for word in words))
    if scores is not None:
        alt += f" {scale.text()}."
        strongest = [i for i in order(scores)[:3] if np.isfinite(scores[i])]
        if strongest:
            alt += f" Strongest: {', '.join(f'{words[i]} {number(scores[i])}' for i in strongest)}."
        table = (("place", "word", scale.name()), *((int(i) + 1, words[i], float(scores[i])) for i in order(scores)))
    if unknown:
        alt += f" Unknown to the model: {', '.join(words[i] for i in unknown)}."
    header = {
        "title": title,
        "alt": alt,
        "words": words,
        "groups": None if groups is None else [str(group) for group in groups],
        "selected": [int(i) for i in selected] or None,
        "unknown": [int(i) for i in unknown],
        "height": height,
        "scale": bar,
    }
    return Drawing("words", pack(header, **arrays), height, alt, table, (len(words),))
