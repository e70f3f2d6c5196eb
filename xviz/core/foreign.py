"""Running code that is not ours: its errors are told as its own."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xviz.core.errors import ForeignError, XvizError

OURS = str(Path(__file__).parents[1])  #: files under it are ours


@contextmanager
def foreign(what: str) -> Iterator[None]:
    """Errors of the code in this block are told as those of ``what``: "forward of Captioner".

    Raises:
        ForeignError: the code failed; errors that are ours pass as they are.
    """
    try:
        yield
    except XvizError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        theirs = [frame for frame in frames if not frame.filename.startswith((OURS, "<frozen"))]
        last = next((f for f in reversed(theirs) if "site-packages" not in f.filename), theirs[-1] if theirs else None)
        where = "" if last is None else f" ({Path(last.filename).name}, line {last.lineno})"
        text = " ".join(str(error).split()) or "no message"
        raise ForeignError(
            f"The {what} failed{where}: {type(error).__name__}: {text}",
            "".join(traceback.format_list(theirs)) + "".join(traceback.format_exception_only(error)),
        ) from error
