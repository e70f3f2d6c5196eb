"""`bundle`: everything behind a result in one zip, so that it can be checked and drawn again without xviz.

Figures as PDF, SVG and PNG; ``caption.txt``; ``arrays.npz``; the scores as tables; ``manifest.json`` with the sha256
of every file and the provenance. Equal results give equal bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz import __version__
from xviz.core.explanation import Explanation
from xviz.core.provenance import Plain
from xviz.figures.figure import Figure

SCHEMA = 1  #: of manifest.json
PNG_DPI = (300, 600)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is run as a formula by spreadsheets
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10))}


def bundle(
    figures: Mapping[str, Figure],
    explanations: Sequence[Explanation],
    *,
    arrays: Mapping[str, NDArray] | None = None,
    labels: Mapping[str, Sequence[str]] | None = None,
    manifest: Mapping[str, Plain] | None = None,
) -> bytes:
    """A zip file.

    Args:
        figures: Name → figure.
        explanations: Each becomes one table per space, and arrays ``<number>_<method>_<space>``.
        arrays: Further arrays by name, such as an attention matrix; no objects.
        labels: Space → one label per token, for the tables; numbers where a space is missing.
        manifest: Further entries, kept under "extra" in the manifest.

    Raises:
        ValueError: labels and scores differ in number, an array holds objects, or an entry is not a finite number.
    """
    bundle_files, labels = _Files(), labels or {}
    entries: dict[str, list[dict[str, Any]]] = {"figures": [], "explanations": []}
    for name, figure in figures.items():
        entries["figures"].append(
            {"files": _add_figure(bundle_files, name, figure), "record": json.loads(figure.record())}
        )
    bundle_files.add(
        "caption.txt", "\n\n".join(f"{n}\n{f.caption}\n\nAlternative text: {f.alt}" for n, f in figures.items()) + "\n"
    )
    arrays_by_key: dict[str, NDArray] = {}
    for number, explanation in enumerate(explanations, 1):
        stem = f"{number:02d}_{explanation.method}"
        tables, keys = [], {}
        for space, scores in explanation.scores.items():
            keys[space] = _fresh(safe_name(f"{stem}_{space}"), arrays_by_key)
            arrays_by_key[keys[space]] = scores
            table = score_table(scores, labels.get(space), explanation.unit)
            tables.append(bundle_files.add(f"tables/{safe_name(f'{stem}_{space}')}.csv", table))
        entries["explanations"].append({**about(explanation), "arrays": keys, "tables": tables})
    for name, array in (arrays or {}).items():
        arrays_by_key[_fresh(safe_name(name), arrays_by_key)] = np.asarray(array)
    bundle_files.add("arrays.npz", npz(arrays_by_key))
    whole = {
        "files": bundle_files.listed(),
        "schema_version": SCHEMA,
        "xviz": __version__,
        "extra": dict(manifest or {}),
    }
    text = json.dumps(entries | whole, sort_keys=True, allow_nan=False, ensure_ascii=False, indent=1)
    bundle_files.add("manifest.json", text + "\n")
    return zipped(bundle_files.content.items())


def safe_name(text: str) -> str:
    """A file name of at most 80 plain characters that every system takes."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-. ")[:80].rstrip("-. ") or "unnamed"
    return f"{name}-" if name.split(".")[0].lower() in _DEVICES else name


@dataclass
class _Files:
    """The files of a bundle in order."""

    content: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, content: bytes | str) -> str:
        """Keeps a file; returns its name, numbered where there is one of that name already."""
        name = _fresh(name, self.content)
        self.content[name] = content.encode() if isinstance(content, str) else content
        return name

    def listed(self) -> list[dict[str, object]]:
        """Name, size in bytes and sha256 of every file."""
        return [
            {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(self.content.items())
        ]


def _add_figure(bundle_files: _Files, name: str, figure: Figure) -> list[str]:
    """A figure in all formats; the names of its files."""
    stem = f"figures/{safe_name(name)}"
    files = [bundle_files.add(f"{stem}.{kind}", figure.to_bytes(kind)) for kind in ("pdf", "svg")]
    return files + [bundle_files.add(f"{stem}-{dpi}dpi.png", figure.to_bytes("png", dpi)) for dpi in PNG_DPI]


def about(explanation: Explanation) -> dict[str, object]:
    """An explanation without its scores."""
    plain = {name: getattr(explanation, name) for name in ("method", "target", "unit", "signed")}
    focus = explanation.focus and {"space": explanation.focus[0], "tokens": [int(t) for t in explanation.focus[1]]}
    return {**plain, "focus": focus, "facts": explanation.facts.record(), "provenance": explanation.provenance.record()}


def score_table(scores: NDArray, labels: Sequence[str] | None, unit: str) -> str:
    """Token number, label and score as CSV; numbers round-trip, text cannot be run as a formula."""
    labels = [str(i + 1) for i in range(len(scores))] if labels is None else labels
    if len(labels) != len(scores):
        raise ValueError(f"labels: {len(scores)} expected, one per token; {len(labels)} came")
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["token", "label", _inert(unit)])
    rows.writerows(
        [i, _inert(label), repr(float(score))] for i, (label, score) in enumerate(zip(labels, scores, strict=True))
    )
    return text.getvalue()


def table(explanation: Explanation) -> str:
    """The scores of all spaces of an explanation as one CSV: space, token number, score."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["space", "token", "score"])
    for space, scores in explanation.scores.items():
        rows.writerows([_inert(space), i, repr(float(score))] for i, score in enumerate(scores))
    return text.getvalue()


def _inert(text: str) -> str:
    """A text cell, with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) else text


def npz(arrays: Mapping[str, NDArray]) -> bytes:
    """Arrays as ``numpy.load`` reads them."""
    files = {}
    for name, array in arrays.items():
        file = io.BytesIO()
        np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
        files[f"{name}.npy"] = file.getvalue()
    return zipped(files.items())


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip without clocks and users in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith((".png", ".npz")) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return file.getvalue()


def _fresh(name: str, used: Iterable[str]) -> str:
    """The name, with a number before its suffix where one like it is taken, capitals or not."""
    folded = {other.lower() for other in used}
    stem, dot, suffix = name.rpartition(".") if "." in name.rpartition("/")[2] else (name, "", "")
    number, fresh = 2, name
    while fresh.lower() in folded:
        fresh, number = f"{stem}-{number}{dot}{suffix}", number + 1
    return fresh
