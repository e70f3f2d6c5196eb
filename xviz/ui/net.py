"""The last net: whatever no reader and no page expected becomes a sentence with an error number.

The log has the number, the kind of the error and where in the code it was raised. It never has the error's own text, a
file's name or anything of its content, since these are the visitor's.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xviz.core.errors import SampleError, XvizError

_log = logging.getLogger("xviz")


def logged(error: Exception) -> str:
    """Log an error without anything of the visitor's; the number under which it stands there."""
    number = secrets.token_hex(4)
    places = " < ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in reversed(traceback.extract_tb(error.__traceback__))
    )
    _log.error("error %s: %s at %s", number, type(error).__name__, places)
    return number


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Around the reading of an upload.

    Args:
        name: Of the file, for the sentence; it does not reach the log.

    Raises:
        SampleError: the reader failed in a way of its own, or in one that nobody expected.
    """
    try:
        yield
    except XvizError:
        raise
    except Exception as error:
        raise SampleError(
            f"{name} could not be read: its reader failed in a way that xviz does not know (error {logged(error)}). "
            "This is a fault of xviz. Save the file in another format, or report the number with the log’s line."
        ) from error
