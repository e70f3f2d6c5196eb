"""The traces of a recording as a view: scrolled and scaled, with windows of time that can be picked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from xviz.drawings.payload import pack, pack_still
from xviz.drawings.view import View, check_length

SPACING = 40.0  #: µV from one row to the next: MNE draws EEG with 20 µV to either side


def traces(
    labels: Sequence[str],
    signal: ArrayLike,
    rate: float,
    *,
    rest: float = 0.0,
    window: float,
    windows: int,
    answers: Sequence[str] = (),
    selected: int | None = None,
    absent: Sequence[int] = (),
    title: str = "",
    note: str = "",
    height: int = 560,
) -> View:
    """Traces one below the other.

    Args:
        labels: One per channel.
        signal: (channel, time) µV; NaN lifts the pen.
        rate: Hz.
        rest: Seconds before the first window, shaded.
        window: Seconds of a window.
        windows: How many there are.
        answers: What the model says of each window, for people; none where empty.
        selected: The window to highlight; None leaves what the visitor picked.
        absent: Channels that the model is not shown, drawn faintly.
        title: Printed above.
        note: Printed below.
        height: CSS pixels.
    """
    signal = np.asarray(signal, np.float32)
    check_length("labels", labels, len(signal))
    if answers:
        check_length("answers", answers, windows)
    middle = signal - np.nanmedian(np.where(np.isfinite(signal), signal, 0.0), axis=1, keepdims=True)
    digest, still = pack_still({}, samples=middle)
    seconds = signal.shape[1] / rate
    header = {
        "title": title,
        "alt": f"{title or 'Traces'}, {len(labels)} channels of {seconds:.4g} s, in {windows} windows of {window:g} s.",
        "still": digest,
        "labels": [str(label) for label in labels],
        "rate": rate,
        "seconds": seconds,
        "rest": rest,
        "window": window,
        "windows": windows,
        "answers": [str(answer) for answer in answers] or [""] * windows,
        "spacing": SPACING,
        "selected": None if selected is None else int(selected),
        "absent": [int(i) for i in absent],
        "height": height,
        "note": note,
        "scale": None,
    }
    listed = (("window", "from, s", "answer"), *(
        (i + 1, rest + i * window, answer) for i, answer in enumerate(header["answers"])  # type: ignore[arg-type]
    ))  # fmt: skip
    return View("traces", pack(header), height, str(header["alt"]), listed, (windows,), still=still)
