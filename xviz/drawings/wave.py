"""A sound as a view: its outline along time with a player, or with a stretch of it that can be picked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from xviz.draw.scale import number
from xviz.drawings.payload import pack, pack_still
from xviz.drawings.view import View, check_length

Span = tuple[float, float, str]  #: from, to in seconds, and what is there


def wave(
    low: ArrayLike,
    high: ArrayLike,
    *,
    start: float,
    end: float,
    filled: float = 1.0,
    audio: bytes = b"",
    player: str = "",
    spans: Sequence[Span] = (),
    title: str = "",
    note: str = "",
    height: int = 110,
) -> View:
    """A waveform with a player, whose time other drawings of the same name follow.

    Args:
        low: (n,) least amplitude of each stretch, −1 to 1 at full scale.
        high: (n,) greatest amplitude.
        start: Seconds at the left edge.
        end: At the right edge.
        filled: Share of the width that the sound takes; the rest is silence.
        audio: WAV from ``start`` on, for the player.
        player: What the player is called.
        spans: Stretches to mark, with what is there.
        title: Printed above.
        note: Printed below.
        height: CSS pixels.
    """
    said = {"player": player, "filled": filled}
    return _view(low, high, (start, end), audio, said, spans, title, note, height, 0)


def stretch(
    low: ArrayLike,
    high: ArrayLike,
    *,
    start: float,
    end: float,
    at: float,
    length: float,
    step: float,
    title: str = "",
    note: str = "",
    height: int = 80,
) -> View:
    """A waveform on which a stretch of a given length is picked; the pick is the number of steps before its begin.

    Args:
        low: (n,) least amplitude of each stretch, −1 to 1 at full scale.
        high: (n,) greatest amplitude.
        start: Seconds at the left edge.
        end: At the right edge.
        at: Where the picked stretch begins, seconds.
        length: Of the stretch, seconds.
        step: Seconds between two places at which it may begin, counted from ``start``.
        title: Printed above.
        note: Printed below.
        height: CSS pixels.
    """
    count = max(1, int(np.floor((end - start - length) / step + 1e-6)) + 1)
    index = int(np.clip(round((at - start) / step), 0, count - 1))
    said = {"player": "", "step": step, "length": length, "at": at, "selected": index, "count": count}
    return _view(low, high, (start, end), b"", said, (), title, note, height, count)


def _view(
    low: ArrayLike, high: ArrayLike, edges: tuple[float, float], audio: bytes, said: dict[str, object],
    spans: Sequence[Span], title: str, note: str, height: int, count: int,
) -> View:  # fmt: skip
    low, high = np.asarray(low, np.float32), np.asarray(high, np.float32)
    check_length("high", high, len(low))
    start, end = edges
    peak = float(max(np.abs(low).max(initial=0.0), np.abs(high).max(initial=0.0)))
    alt = f"{title or 'Waveform'}, {number(start)}–{number(end)} s, peak {number(peak)} of full scale."
    named = "".join(f" {what}: {number(a)}–{number(b)} s." for a, b, what in spans)
    digest, still = pack_still({}, low=low, high=high, audio=np.frombuffer(audio, np.uint8))
    header = {
        "title": title,
        "alt": alt + named,
        "still": digest,
        "start": start,
        "end": end,
        "spans": [[float(a), float(b), what] for a, b, what in spans],
        "height": height,
        "note": note,
        "scale": None,
        "selected": None,
        "filled": 1.0,
        **said,
    }
    rows = (("from, s", "to, s", "what"), *((a, b, what) for a, b, what in spans))
    return View("wave", pack(header), height, str(header["alt"]), rows, (count,), still=still)
