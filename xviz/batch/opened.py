"""A batch to be looked at: its plan and its table, finished or running, from a folder or out of a zip."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xviz.batch.store import PLAN, ROWS, TABLE, parse_plan, read_plan, rows
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

    @property
    def done(self) -> int:
        """Samples that are in the table."""
        return int(self.table["index"].nunique())


def open_folder(folder: Path) -> Batch:
    """The batch of a folder; of a running one the rows that are there.

    Raises:
        XvizError: there is none, it is damaged, or nothing was measured yet.
    """
    import pandas as pd

    plan = read_plan(folder) if folder.is_dir() else None
    if plan is None:
        raise SampleError(f"{folder} is no folder of a batch: it has no {PLAN}. Give the --out of “xviz batch”.")
    table, journal = folder / TABLE, folder / ROWS
    if table.is_file() and table.stat().st_mtime >= (journal.stat().st_mtime if journal.is_file() else 0):
        return _batch(folder.name, plan, pd.read_parquet(table))
    return _batch(folder.name, plan, _journal(folder.name, folder))


def open_archive(name: str, content: bytes) -> Batch:
    """The batch of a zip of its folder.

    Raises:
        XvizError: there is none in it, it is damaged or of a newer version, or nothing was measured yet.
    """
    import pandas as pd

    archive = open_zip(content)
    plans = [path for path in archive.members if path.rpartition("/")[2] == PLAN]
    if len(plans) != 1:
        raise SampleError(f"{name} holds {len(plans)} batches ({PLAN}); zip the folder of one batch.")
    root = plans[0].removesuffix(PLAN)
    plan = parse_plan(f"{PLAN} in {name}", archive.read(plans[0]))
    if f"{root}{TABLE}" in archive.members:
        try:
            frame = pd.read_parquet(io.BytesIO(archive.read(f"{root}{TABLE}")))
        except (ValueError, OSError) as error:
            raise SampleError(f"The table in {name} is damaged ({error}). Zip the folder again.") from error
        return _batch(name, plan, frame)
    if f"{root}{ROWS}" not in archive.members:
        raise SampleError(f"{name} holds no {TABLE}. Zip the whole folder of the batch.")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / ROWS).write_bytes(archive.read(f"{root}{ROWS}"))
        return _batch(name, plan, _journal(name, Path(folder)))


def _journal(name: str, folder: Path) -> pd.DataFrame:
    """The rows of a batch that has no table yet."""
    import pandas as pd

    try:
        return pd.DataFrame(list(rows(folder)))
    except ValueError as error:
        raise SampleError(f"{ROWS} of {name} is damaged ({error}). Copy or zip the folder again.") from error


def _batch(name: str, plan: Mapping[str, Any], table: pd.DataFrame) -> Batch:
    """A batch that has samples, with the columns that every table has."""
    if table.empty:
        raise SampleError(f"The batch in {name} has no sample yet. Wait for its first one.")
    missing = [column for column in ("error", "target", "label") if column not in table]
    return Batch(name, plan, table.assign(**dict.fromkeys(missing)))
