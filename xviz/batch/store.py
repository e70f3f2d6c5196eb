"""The folder of a batch: written so that a kill at any moment loses at most the sample under way.

``batch.json`` is the plan. ``rows.jsonl`` gets a line for each sample, after its scores are there; the last line of a
sample counts. Scores lie in ``scores/pending/NUMBER.npz`` until ``SHARD`` of them are packed into one file. The table,
``table.parquet``, is made of the rows whenever the batch ends, stopped or finished. A lock of the operating system,
which ends with its process, keeps a second batch out.
"""

from __future__ import annotations

import errno
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from xviz.core.errors import XvizError
from xviz.writing import put

SHARD = 64  #: samples whose scores lie in one file
SCHEMA = 1  #: of batch.json
CHUNK = 1000  #: rows that are turned into a table at once
TABLE, ROWS, PLAN = "table.parquet", "rows.jsonl", "batch.json"
#: of the plan: what must be the same for a batch to go on, and its name for people
IDENTITY = {
    "model": "model", "weights": "weights", "methods": "methods", "targets": "targets", "steps": "steps of the curves",
    "seeds": "random orders", "seed": "seed", "heads": "numbers of heads", "sanity": "sanity checks",
    "modalities": "modalities", "samples": "samples",
}  # fmt: skip


class Store:
    """A batch's folder, open for writing.

    Args:
        folder: Made where it is missing.
        plan: Plain JSON; a batch that is there already must have the same ``IDENTITY``.

    Raises:
        XvizError: another batch writes there, it holds another one, or it cannot be written to.
    """

    def __init__(self, folder: Path, plan: Mapping[str, Any]) -> None:
        self.folder, self.pending = folder, folder / "scores" / "pending"
        with told(folder):
            self.pending.mkdir(parents=True, exist_ok=True)
            self.lock = FileLock(folder / ".lock")
            try:
                self.lock.acquire(timeout=0)
            except Timeout as error:
                raise XvizError(
                    f"Another batch writes into {folder} now. Wait until it has ended, or name another --out."
                ) from error
        try:
            self._begin(plan)
        except BaseException:
            self.lock.release()
            raise

    def _begin(self, plan: Mapping[str, Any]) -> None:
        before = read_plan(self.folder)
        if before is not None and (other := [k for k in IDENTITY if before.get(k) != plan.get(k)]):
            named = "; ".join(f"{IDENTITY[k]}: {_short(before.get(k))} there, {_short(plan.get(k))} now" for k in other)
            raise XvizError(f"{self.folder} holds another batch ({named}). Name another --out, or ask the same again.")
        with told(self.folder):
            put(
                self.folder / PLAN,
                (json.dumps({**plan, "xviz_batch": SCHEMA}, indent=1, sort_keys=True) + "\n").encode(),
            )
            self.done = self._recovered()
            self._clean()

    def _recovered(self) -> dict[int, bool]:
        """Sample → whether it went well, as the rows say; half a line at the end is cut off."""
        path, done, end = self.folder / ROWS, {}, 0
        if path.is_file():
            with path.open("rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    rows = json.loads(line)
                    done[rows[0]["index"]] = all(row.get("error") is None for row in rows)
                    end += len(line)
            if end != path.stat().st_size:
                with path.open("r+b") as file:
                    file.truncate(end)
        return done

    def _clean(self) -> None:
        """Take away drafts, and pending scores that no row names or that are in a shard already.

        A sample that was measured again has newer scores than its shard; those stay.
        """
        for draft in self.folder.rglob(".*.draft*"):
            draft.unlink(missing_ok=True)
        packed = {index: shard.stat().st_mtime_ns for shard in self._shards() for index in packed_in(shard)}
        for path in self.pending.glob("*.npz"):
            index = int(path.stem)
            if index not in self.done or packed.get(index, -1) >= path.stat().st_mtime_ns:
                path.unlink()

    def _shards(self) -> list[Path]:
        return sorted((self.folder / "scores").glob("[0-9]*.npz"))

    def add(self, rows: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArray[np.float64]]) -> None:
        """Keep a sample: first its scores, then its rows.

        Raises:
            XvizError: the disk is full, or the folder cannot be written to; what was kept before is whole.
        """
        index = int(rows[0]["index"])
        with told(self.folder):
            if arrays:
                file = io.BytesIO()
                np.savez(file, **dict(arrays))  # type: ignore[arg-type]
                draft = self.pending / f".{index}.draft"
                draft.write_bytes(file.getvalue())
                draft.replace(self.pending / f"{index:08d}.npz")
            self._append(json.dumps(list(rows), allow_nan=True).encode() + b"\n")
            self.done[index] = all(row.get("error") is None for row in rows)
            waiting = list(self.pending.glob("[0-9]*.npz")) if len(self.done) % SHARD == 0 else []
            if len(waiting) >= SHARD:
                self.pack()

    def _append(self, line: bytes) -> None:
        path = self.folder / ROWS
        before = path.stat().st_size if path.exists() else 0
        try:
            with path.open("ab", buffering=0) as file:
                if file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            with suppress(OSError), path.open("r+b") as file:
                file.truncate(before)
            raise

    def pack(self) -> None:
        """Put pending scores into one file, as they are."""
        waiting = sorted(self.pending.glob("[0-9]*.npz"))
        if not waiting:
            return
        number = len(self._shards())
        draft = self.folder / "scores" / ".shard.draft"
        with zipfile.ZipFile(draft, "w") as shard:
            for path in waiting:
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        shard.writestr(zipfile.ZipInfo(f"{int(path.stem)} {name}"), archive.read(name))
        draft.replace(self.folder / "scores" / f"{number:05d}.npz")
        for path in waiting:
            path.unlink()

    def finish(self) -> Path:
        """Pack what is pending and write the table; where it lies."""
        with told(self.folder):
            self.pack()
            return write_table(self.folder)

    def close(self) -> None:
        """Let others write here."""
        self.lock.release()


def _short(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) <= 40 else f"{text[:12]}…"


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Errors of the disk as sentences."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise XvizError(
                f"The disk of {folder} is full. What was measured before is kept: free some space and start the same "
                "batch again, and it goes on."
            ) from error
        if isinstance(error, Timeout):
            raise
        raise XvizError(f"{folder} cannot be written to ({error.strerror}). Name another --out.") from error


def packed_in(shard: Path) -> set[int]:
    """The samples whose scores lie in a shard."""
    with zipfile.ZipFile(shard) as archive:
        return {int(name.split(" ", 1)[0]) for name in archive.namelist()}


def read_plan(folder: Path) -> dict[str, Any] | None:
    """The plan of a batch; None where there is none.

    Raises:
        XvizError: it is of a newer version, or damaged.
    """
    path = folder / PLAN
    return parse_plan(str(path), path.read_bytes()) if path.is_file() else None


def parse_plan(name: str, text: str | bytes) -> dict[str, Any]:
    """The plan in the text of a file.

    Args:
        name: Of the file, for messages.
        text: JSON, in UTF-8 where it is bytes.

    Raises:
        XvizError: it is of a newer version, or damaged.
    """
    try:
        plan = json.loads(text if isinstance(text, str) else text.decode())
        version = int(plan["xviz_batch"])
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise XvizError(f"{name} is no plan of a batch of xviz ({error}). Give the folder of another batch.") from error
    if version > SCHEMA:
        raise XvizError(
            f"{name} was written by a newer xviz (version {version}; this one reads {SCHEMA}). Update xviz."
        )
    return plan


def rows(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a batch in the order of its samples, of each the last that was written; also while it runs."""
    path = folder / ROWS
    places: dict[int, int] = {}
    if not path.is_file():
        return
    with path.open("rb") as file:
        offset = 0
        for line in file:
            if line.endswith(b"\n"):
                start = line.index(b'"index":') + 8
                places[int(line[start : line.index(b",", start)])] = offset
            offset += len(line)
        for _, offset in sorted(places.items()):
            file.seek(offset)
            yield from json.loads(file.readline())


def _kinds(folder: Path) -> dict[str, str]:
    """Column → "number", "text" or "truth value", in the order in which columns appear."""
    kinds: dict[str, str] = {}
    for row in rows(folder):
        for name, value in row.items():
            kind = {bool: "truth value", str: "text"}.get(type(value), "number")
            if value is None:
                kinds.setdefault(name, "")
            elif not kinds.get(name) or (kinds[name] == "number" and kind == "text"):
                kinds[name] = kind
    return kinds


def write_table(folder: Path) -> Path:
    """The rows as one Parquet file, written ``CHUNK`` rows at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {"number": pa.float64(), "text": pa.string(), "truth value": pa.bool_(), "": pa.string()}
    schema = pa.schema(
        [pa.field(name, pa.int64() if name == "index" else types[kind]) for name, kind in _kinds(folder).items()]
    )
    draft = folder / f".{TABLE}.draft"
    with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
        chunk: list[dict[str, Any]] = []
        for row in rows(folder):
            chunk.append(
                {k: str(v) if schema.field(k).type == pa.string() and v is not None else v for k, v in row.items()}
            )
            if len(chunk) == CHUNK:
                writer.write_table(pa.Table.from_pylist(chunk, schema))
                chunk = []
        if chunk:
            writer.write_table(pa.Table.from_pylist(chunk, schema))
    draft.replace(folder / TABLE)
    return folder / TABLE


def scores(folder: Path, index: int) -> dict[str, NDArray[np.float64]]:
    """The scores of one sample by ``METHOD TARGET SPACE``; none where it failed."""
    pending = folder / "scores" / "pending" / f"{index:08d}.npz"
    if pending.is_file():
        with np.load(pending, allow_pickle=False) as arrays:
            return dict(arrays)
    for shard in sorted((folder / "scores").glob("[0-9]*.npz"), reverse=True):
        with np.load(shard, allow_pickle=False) as arrays:
            own = [name for name in arrays.files if name.startswith(f"{index} ")]
            if own:
                return {name.split(" ", 1)[1]: arrays[name] for name in own}
    return {}
