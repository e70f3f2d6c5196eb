"""A sound as a drawing: its outline along time with a player, or with a time window that can be picked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from xviz.draw.scale import number
from xviz.drawings.drawing import PLAIN, Drawing, Surround, check_length
from xviz.drawings.payload import pack, pack_still

TALL, LOW = 110, 80  #: CSS pixels, with a player and without
Span = tuple[float, float, str]  #: from, to in seconds, and what is there


def wave(
    low: ArrayLike,
    high: ArrayLike,
    edges: tuple[float, float],
    *,
    filled: float = 1.0,
    audio: bytes = b"",
    player: str = "",
    spans: Sequence[Span] = (),
    surround: Surround = PLAIN,
) -> Drawing:
    """A waveform with a player, whose time other drawings of the same name follow.

    Args:
        low: (n,) least amplitude of each stretch, −1 to 1 at full scale.
        high: (n,) greatest amplitude.
        edges: Seconds at the left and at the right edge.
        filled: Share of the width that the sound takes; the rest is silence.
        audio: WAV from ``start`` on, for the player.
        player: What the player is called.
        spans: Stretches to mark, with what is there.
        surround: Title, note and height.
    """
    header = {"player": player, "filled": filled}
    return _drawing(low, high, edges, header, surround, TALL, audio=audio, spans=spans)


def stretch(
    low: ArrayLike,
    high: ArrayLike,
    edges: tuple[float, float],
    *,
    at: float,
    length: float,
    step: float,
    surround: Surround = PLAIN,
) -> Drawing:
    """A waveform on which a stretch of a given length is picked; the pick is the number of steps before its begin.

    Args:
        low: (n,) least amplitude of each stretch, −1 to 1 at full scale.
        high: (n,) greatest amplitude.
        edges: Seconds at the left and at the right edge.
        at: Where the picked stretch begins, seconds.
        length: Of the stretch, seconds.
        step: Seconds between two places at which it may begin, counted from ``start``.
        surround: Title, note and height.
    """
    start, end = edges
    count = max(1, int(np.floor((end - start - length) / step + 1e-6)) + 1)
    index = int(np.clip(round((at - start) / step), 0, count - 1))
    header = {"player": "", "step": step, "length": length, "at": at, "selected": index, "count": count}
    return _drawing(low, high, edges, header, surround, LOW)


def _drawing(
    low: ArrayLike, high: ArrayLike, edges: tuple[float, float], more: dict[str, object], surround: Surround,
    height: int, *, audio: bytes = b"", spans: Sequence[Span] = (),
) -> Drawing:  # fmt: skip
    title, height = surround.title, surround.height or height
    low, high = np.asarray(low, np.float32), np.asarray(high, np.float32)
    check_length("high", high, len(low))
    start, end = edges
    peak = float(max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0)))
    alt = f"{title or 'Waveform'}, {number(start)}–{number(end)} s, peak {number(peak)} of full scale."
    named = "".join(f" {name}: {number(a)}–{number(b)} s." for a, b, name in spans)
    digest, still = pack_still({}, low=low, high=high, audio=np.frombuffer(audio, np.uint8))
    header = {
        "title": title,
        "alt": alt + named,
        "still": digest,
        "start": start,
        "end": end,
        "spans": [[float(a), float(b), name] for a, b, name in spans],
        "height": height,
        "note": surround.note,
        "scale": None,
        "selected": None,
        "filled": 1.0,
        **more,
    }
    rows = (("from, s", "to, s", "what"), *((a, b, name) for a, b, name in spans))
    return Drawing("wave", pack(header), height, str(header["alt"]), rows, (more.get("count", 0),), still=still)
