"""The batches that an app was started with: ``xviz app --batch DIR``."""

from __future__ import annotations

from pathlib import Path

from xviz.core.errors import XvizError

FOLDERS: dict[str, Path] = {}  #: name for people → folder


def use(folder: str) -> None:
    """Show the batch of a folder.

    Raises:
        XvizError: there is none.
    """
    from xviz.batch.store import PLAN

    path = Path(folder).expanduser().resolve()
    if not (path / PLAN).is_file():
        raise XvizError(f"{folder} is no folder of a batch: it has no {PLAN}. Give the --out of “xviz batch”.")
    name, number = path.name, 2
    while name in FOLDERS:
        name, number = f"{path.name} ({number})", number + 1
    FOLDERS[name] = path
