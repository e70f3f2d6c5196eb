"""Write a figure or a bundle again from what `reproducing` computed, and say which of its bytes are the same."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from xviz.core.errors import ModelError
from xviz.core.explanation import Explanation
from xviz.data.files import open_zip
from xviz.explain.ask import Question
from xviz.export import about, npz, score_table, zipped
from xviz.figures.figure import Figure
from xviz.figures.style import INCH
from xviz.plates.plate import Shown
from xviz.plates.rooms import explanation as of_room
from xviz.reproducing import Again, Finding, difference
from xviz.request import Kept

DPI = re.compile(r"-(\d+)dpi\.png$")


def rewrite(kept: Kept, again: Sequence[Again]) -> tuple[bytes, list[Finding]]:
    """The file as it would be written now, and what of it is the same.

    Args:
        kept: A figure or a bundle, as it was.
        again: Its requests, answered again.
    """
    if kept.manifest is None:
        figure = again[0].figure
        assert figure is not None
        content = _figure(figure, kept.path.suffix.lower(), kept.content)
        return content, [_bytes(kept.path.name, kept.content, content)]
    return _bundle(kept, again)


def _figure(figure: Figure, suffix: str, before: bytes) -> bytes:
    """One file of a figure, of the format and resolution that it had."""
    if suffix == ".json":
        return (figure.record() + "\n").encode()
    kind = suffix.removeprefix(".")
    if before.startswith(b"\x89PNG"):
        return figure.to_bytes("png", _dpi(figure, before))
    return figure.to_bytes("pdf" if before.startswith(b"%PDF") else "svg" if b"<svg" in before[:1000] else kind)


def _dpi(figure: Figure, before: bytes) -> int:
    """The resolution of a PNG, from its width in pixels and the figure's in mm."""
    with Image.open(io.BytesIO(before), formats=("PNG",)) as picture:
        dots, width = picture.info.get("dpi"), picture.width
    return round(dots[0]) if dots else round(width / (figure.size_mm[0] / INCH))


def _bytes(name: str, was: bytes, now: bytes) -> Finding:
    return Finding("file", was == now, f"{name}: {'byte-identical' if was == now else 'other bytes'}")


def _bundle(kept: Kept, again: Sequence[Again]) -> tuple[bytes, list[Finding]]:
    """A bundle whose figures, tables and arrays of scores were made again; what the page added is taken over."""
    assert kept.manifest is not None
    archive, manifest = open_zip(kept.content), json.loads(json.dumps(kept.manifest))
    contents = {name: archive.read(name) for name in archive.members if name != "manifest.json"}
    before = dict(contents)
    for entry, repeated in zip(manifest["figures"], again, strict=True):
        assert repeated.figure is not None
        contents["caption.txt"] = _captioned(contents["caption.txt"], repeated)
        for name in entry["files"]:
            dpi = DPI.search(name)
            contents[name] = repeated.figure.to_bytes(name.rpartition(".")[2], int(dpi[1]) if dpi else 300)
        entry["record"] = json.loads(repeated.figure.record())
    with np.load(io.BytesIO(contents["arrays.npz"]), allow_pickle=False) as stored:
        kept_arrays = dict(stored)
    arrays = dict(kept_arrays)
    keys: set[str] = set()
    for entry in manifest["explanations"]:
        explanation = _answer(entry, again)
        for space, key in entry["arrays"].items():
            arrays[key] = explanation.scores[space]
            keys.add(key)
        for (space, scores), name in zip(explanation.scores.items(), entry["tables"], strict=True):
            contents[name] = score_table(scores, _labels(contents[name]), explanation.unit).encode()
            assert space in entry["arrays"]
        entry |= about(explanation)
    gaps = {key: difference(kept_arrays[key], arrays[key]) for key in sorted(keys)}
    contents["arrays.npz"] = npz(arrays)
    manifest["files"] = [
        {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(contents.items())
    ]
    text = json.dumps(manifest, sort_keys=True, allow_nan=False, ensure_ascii=False, indent=1) + "\n"
    content = zipped([*contents.items(), ("manifest.json", text.encode())])
    return content, [*_told(before, contents, gaps, set(arrays) - keys), _bytes(kept.path.name, kept.content, content)]


def _told(
    before: dict[str, bytes], contents: dict[str, bytes], gaps: dict[str, float], kept_keys: set[str]
) -> list[Finding]:
    """What became of scores and files."""
    worst = max(gaps.values(), default=0.0)
    text = f"{len(gaps)} arrays of scores" + (f"; greatest difference {worst:.3g}" if worst else ", to the last bit")
    other = [name for name in contents if contents[name] != before[name]]
    findings = [Finding("scores", worst == 0, text)]
    findings.append(Finding("files", not other, ", ".join(other) or f"{len(contents)} files, byte-identical"))
    if kept_keys:
        findings.append(Finding("taken over", True, f"not computed again: {', '.join(sorted(kept_keys))}"))
    return findings


def _captioned(text: bytes, again: Again) -> bytes:
    """The captions with those of a figure as they are now."""
    assert again.figure is not None
    was = again.request.figure
    whole = text.decode().replace(str(was["caption"]), again.figure.caption).replace(str(was["alt"]), again.figure.alt)
    return whole.encode()


def _answer(entry: dict[str, Any], again: Sequence[Again]) -> Explanation:
    """An explanation of a bundle, asked again of the run of its figure.

    Raises:
        ModelError: it cannot be asked again.
    """
    options = dict(entry["provenance"]["options"])
    first, call = again[0], options.get("call")
    names = [heard.name for heard in first.session.run.calls]
    drawn_of = first.request.recipe["options"]
    if "grain" in drawn_of or (call is not None and call not in names):  # a mean over calls, as rooms have it
        if not {"way", "grain"} & set(drawn_of):
            raise ModelError(f"“{call}” names several attentions, and the figure does not say how they were joined.")
        recipe = first.request.recipe
        assert first.figure is not None
        from xviz.figures.style import PRESETS

        subject = Shown(first.session, (), PRESETS[recipe["venue"]], recipe["credit"], first.ask, drawn_of, first.known)
        return of_room(subject)
    focus = entry.get("focus") or {}
    return first.ask(
        Question.parse(
            {
                "method": entry["method"], "output": options["target"], "call": call, "head": options.get("head"),
                "coalitions": options.get("n_samples"), **focus,
            }
        )
    )  # fmt: skip


def _labels(table: bytes) -> list[str]:
    """The labels of a table of scores, as they were given."""
    rows = list(csv.reader(io.StringIO(table.decode(), newline="")))[1:]
    return [row[1] for row in rows]
