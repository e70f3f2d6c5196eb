"""A batch to be looked at: its plan and its table, finished or running, from a folder or out of a zip."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xviz.batch.store import PLAN, ROWS, SCHEMA, TABLE, read_plan, rows
from xviz.core.errors import SampleError
from xviz.data.files import open_zip

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Batch:
    """What is looked at."""

    name: str
    plan: Mapping[str, Any]
    table: pd.DataFrame
    folder: Path | None  #: None out of a zip

    @property
    def done(self) -> int:
        """Samples that are in the table."""
        return int(self.table["index"].nunique())

    @property
    def targets(self) -> list[str]:
        """The outputs that were explained."""
        return [str(target) for target in self.table["target"].dropna().unique()]


def open_folder(folder: Path) -> Batch:
    """The batch of a folder; of a running one the rows that are there.

    Raises:
        SampleError: there is none, or nothing was measured yet.
    """
    import pandas as pd

    plan = read_plan(folder) if folder.is_dir() else None
    if plan is None:
        raise SampleError(f"{folder} is no folder of a batch: it has no {PLAN}. Give the --out of “xviz batch”.")
    table, journal = folder / TABLE, folder / ROWS
    if table.is_file() and table.stat().st_mtime >= (journal.stat().st_mtime if journal.is_file() else 0):
        return Batch(folder.name, plan, pd.read_parquet(table), folder)
    frame = pd.DataFrame(list(rows(folder)))
    if frame.empty:
        raise SampleError(f"The batch in {folder} has no sample yet. Wait for its first one.")
    return Batch(folder.name, plan, _filled(frame), folder)


def open_archive(name: str, content: bytes) -> Batch:
    """The batch of a zip of its folder.

    Raises:
        SampleError: there is none in it, or it is of a newer version.
    """
    import pandas as pd

    archive = open_zip(content)
    plans = [path for path in archive.members if path.rpartition("/")[2] == PLAN]
    if len(plans) != 1:
        raise SampleError(f"{name} holds {len(plans)} batches ({PLAN}); zip the folder of one batch.")
    root = plans[0].removesuffix(PLAN)
    plan = json.loads(archive.read(plans[0]))
    if plan.get("xviz_batch", 0) > SCHEMA:
        raise SampleError(f"{name} was written by a newer xviz. Update xviz to open it.")
    if f"{root}{TABLE}" in archive.members:
        try:
            return Batch(name, plan, pd.read_parquet(io.BytesIO(archive.read(f"{root}{TABLE}"))), None)
        except (ValueError, OSError) as error:
            raise SampleError(f"The table in {name} is damaged ({error}). Zip the folder again.") from error
    if f"{root}{ROWS}" not in archive.members:
        raise SampleError(f"{name} holds no {TABLE}. Zip the whole folder of the batch.")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ROWS).write_bytes(archive.read(f"{root}{ROWS}"))
        return Batch(name, plan, _filled(pd.DataFrame(list(rows(Path(folder))))), None)


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """With the columns that every table has."""
    for name in ("error", "target", "label"):
        if name not in frame:
            frame[name] = None
    return frame
