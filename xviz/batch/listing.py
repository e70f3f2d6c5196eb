"""The samples of a batch: a folder of files, or a table that names them; each as an origin, with its label."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xviz.core.errors import SampleError
from xviz.core.provenance import digest
from xviz.data.read import AMBIGUOUS, ENDINGS

TABLES = (".csv", ".tsv", ".parquet", ".jsonl")
FILES = ("file", "files", "path")  #: columns of a table that name the files of a sample
NAMES = ("name", "id")  #: columns that name a sample
SHOWN = 3  #: names that an error tells


@dataclass(frozen=True)
class Item:
    """One sample of a batch, before it is read."""

    index: int
    name: str
    origin: Mapping[str, Any]  #: see ``xviz.opening``; files as paths
    label: str | None = None  #: what is known to be true of it
    beside: Mapping[str, str | float] = field(default_factory=dict)  #: other columns of the table
    partner: Mapping[str, Any] | None = None  #: origin of another sample, whose modalities are put in the place of its


def listing(
    data: Path,
    *,
    kind: str | None = None,
    label: str | None = None,
    pattern: str | None = None,
    options: Mapping[str, Any] | None = None,
    skip_missing: bool = False,
) -> tuple[list[Item], list[str]]:
    """The samples of a folder or a table, in order, and notes about what was left out.

    Args:
        data: A folder, or a table as CSV, TSV, Parquet or JSON lines with a sample in each row.
        kind: Of files, where a folder holds several.
        label: Column of the truth; "label" where there is one. For a folder: "folder" takes the name of each file's.
        pattern: A regular expression whose first group is the label in the name of a file.
        options: Of the reader, the same for all samples.
        skip_missing: Whether a table may name files that are not there; they become failed rows.

    Raises:
        SampleError: there is nothing, files of several kinds, or a table that cannot be used.
    """
    if data.is_dir():
        items, notes = _folder(data, kind, label, pattern, dict(options or {}))
    elif data.suffix.lower() in TABLES:
        items, notes = _table(data, label, dict(options or {}), skip_missing), []
    else:
        fault = "is neither a folder nor a table" if data.exists() else "is not there"
        raise SampleError(f"{data} {fault}. Give a folder of files, or a table as {', '.join(TABLES)} that names them.")
    if not items:
        raise SampleError(f"{data} holds no sample. Give a folder of files, or a table with a row for each.")
    return items, notes


def fingerprint(items: Sequence[Item]) -> str:
    """A digest of names, texts and labels, by which one list of samples is told from another."""
    return digest(
        *(str((item.name, item.label, item.origin.get("texts"), item.origin.get("options"))) for item in items)
    )


def _kind(path: Path) -> str | None:
    """What a file is by its ending; the first meaning of one that has several."""
    ending = path.suffix.lower()
    known = next((name for name, endings in ENDINGS.items() if ending in endings), None)
    return known or (AMBIGUOUS[ending][0] if ending in AMBIGUOUS else None)


def _folder(
    data: Path, kind: str | None, label: str | None, pattern: str | None, options: dict[str, Any]
) -> tuple[list[Item], list[str]]:
    """Every file of one kind below a folder; NAME.txt beside another file is its sentence."""
    try:
        labelled = None if pattern is None else re.compile(pattern)
    except re.error as error:
        raise SampleError(f"The pattern “{pattern}” is no regular expression ({error}).") from error
    if label not in (None, "folder"):
        raise SampleError(f"Files of a folder have no column “{label}”. Use --label folder, or --label-pattern.")
    inside = [path for path in sorted(data.rglob("*")) if path.is_file()]
    files = [path for path in inside if not any(part.startswith(".") for part in path.relative_to(data).parts)]
    stems = {path.with_suffix("") for path in files if path.suffix.lower() != ".txt"}
    sentences = {path for path in files if path.suffix.lower() == ".txt" and path.with_suffix("") in stems}
    by_kind: dict[str, list[Path]] = {}
    for path in files:
        if path not in sentences and (kind_ := _kind(path)) is not None:
            by_kind.setdefault(kind_, []).append(path)
    if not by_kind:
        contents = f"{len(files)} files, none of a kind that is read" if files else "no file"
        raise SampleError(f"{data} holds {contents}. docs/own-data.md says which files are.")
    if kind is None and len(by_kind) > 1:
        counts = ", ".join(f"{len(paths)} of kind {name}" for name, paths in sorted(by_kind.items()))
        raise SampleError(f"{data} holds files of several kinds: {counts}. Say which are meant with --kind NAME.")
    kind = kind or next(iter(by_kind))
    if kind not in by_kind:
        raise SampleError(f"{data} holds no file of the kind “{kind}”; it holds {', '.join(sorted(by_kind))}.")
    items = []
    for index, path in enumerate(by_kind[kind]):
        text = path.with_suffix(".txt")
        texts = {"texts": {"text": text.read_text(encoding="utf-8").strip()}} if text in sentences else {}
        match = None if labelled is None else labelled.search(path.name)
        known = match[1] if match and match.groups() else path.parent.name if label == "folder" else None
        origin = {"files": [str(path)], "kind": kind, **texts, **({"options": options} if options else {})}
        items.append(Item(index, str(path.relative_to(data)), origin, known))
    if labelled is not None and not any(item.label for item in items):
        raise SampleError(
            f"The pattern “{pattern}” finds no label in names like “{items[0].name}”; its first group should."
        )
    others = Counter(
        path.suffix.lower() or "no ending" for path in files if _kind(path) != kind and path not in sentences
    )
    notes = [f"{sum(others.values())} other files were left out: {', '.join(sorted(others))}."] if others else []
    return items, notes


def _table(data: Path, label: str | None, options: dict[str, Any], skip_missing: bool) -> list[Item]:
    """A sample for each row; columns name files, parts and texts."""
    rows = _rows(data)
    columns = list(rows[0]) if rows else []
    if label is not None and label not in columns:
        raise SampleError(f"{data.name} has no column “{label}”; it has {', '.join(columns)}.")
    label = label or ("label" if "label" in columns else None)
    parts = [name for name in columns if name in PARTS]
    named = next((name for name in FILES if name in columns), None)
    if named is None and not parts:
        raise SampleError(
            f"{data.name} has the columns {', '.join(columns) or 'none'}; one should be “file”, or parts by name: "
            f"{', '.join(PARTS)}."
        )
    items, missing = [], []
    for index, row in enumerate(rows):
        origin: dict[str, Any] = {"options": options} if options else {}
        if named is not None and row[named]:
            origin["files"] = [str(_beside(data, path.strip())) for path in str(row[named]).split(";")]
        for part in parts:
            if row[part] and part == "text":
                origin.setdefault("texts", {})[part] = str(row[part])
            elif row[part]:
                origin.setdefault("parts", {})[part] = str(_beside(data, str(row[part])))
        files = [*origin.get("files", ()), *origin.get("parts", {}).values()]
        missing += [file for file in files if "://" not in file and not Path(file).exists()]
        name = next((str(row[column]) for column in NAMES if column in columns and row[column]), None)
        name = name or (Path(files[0]).name if files else str(row.get("text")))
        used = {*parts, named, label, *NAMES}
        beside = {key: value for key, value in row.items() if key not in used and value is not None}
        known = None if label is None or row[label] is None else str(row[label])
        items.append(Item(index, name, origin, known, beside))
    if missing and not skip_missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise SampleError(
            f"{data.name} names {len(missing)} files that are not there: {', '.join(missing[:SHOWN])}{more}. Paths "
            "count from the table's folder. --skip-missing keeps such rows as failed ones."
        )
    return items


#: columns that are parts of a sample
PARTS = ("picture", "text", "sound", "eeg", "points", "views", "regions", "film")


def _beside(data: Path, name: str) -> Path | str:
    """A file as a table names it: from the table's folder, absolute, or an address of fsspec."""
    return name if "://" in name else data.parent / Path(name).expanduser()


def _rows(data: Path) -> list[dict[str, Any]]:
    """The rows of a table; what is empty as None."""
    import pandas as pd

    ending = data.suffix.lower()
    try:
        if ending == ".parquet":
            table = pd.read_parquet(data)
        elif ending == ".jsonl":
            table = pd.read_json(data, lines=True, dtype=False)
        else:
            table = pd.read_csv(data, sep="\t" if ending == ".tsv" else ",", dtype=str, keep_default_na=False)
    except (ValueError, OSError, UnicodeDecodeError) as error:
        raise SampleError(f"{data.name} cannot be read as a table ({error}). Save it as CSV in UTF-8.") from error
    table = table.astype(object).where(table.notna(), None)
    return [{str(k): (None if v == "" else v) for k, v in row.items()} for row in table.to_dict("records")]
