"""Models and samples by the names that people and records give them, so that what was opened once is opened again.

The origin of a sample (``Sample.origin``) is plain JSON without any path: ``shipped``, the name of one that comes with
xviz or with a model; or names of ``files``, with ``kind`` and ``options`` of the reader; or ``parts``, part → name of a
file; ``texts``, part → sentence; ``regions``, how many regions were found and encoded beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from xviz import custom_weights, engine, finding
from xviz.core.errors import ModelError, SampleError
from xviz.core.sample import Part, Picture, Regions, Sample
from xviz.data import shipped
from xviz.data.read import ENDINGS, read
from xviz.data.text import read_text
from xviz.engine import Loaded
from xviz.models import MODELS

Find = Callable[[str], Path]  #: from the name of a file to where it lies


def model(name: str, weights: str = "") -> Loaded:
    """A model by its key, or by ``file.py:SPEC`` or ``package.module:SPEC``.

    Args:
        name: Of the model.
        weights: One of ``custom_weights.choices``; those that are shown of it where "".

    Raises:
        ModelError: there is no such model, or it has no weights.
        CheckpointError: its weights are missing or were changed.
        ForeignError: its own code failed.
    """
    if name in MODELS:
        return custom_weights.load(MODELS[name], weights) if weights else engine.load(MODELS[name])
    if ":" not in name and not name.endswith(".py"):
        have = ", ".join(key for key, card in MODELS.items() if card.checkpoint)
        raise ModelError(f"There is no model “{name}”. There are {have}; one of your own is file.py:SPEC.")
    return replace(engine.built(finding.spec(name)), source=finding.source(name))


def sample(loaded: Loaded, origin: Mapping[str, Any], find: Find = Path) -> Sample:
    """A sample by its origin.

    Args:
        loaded: The model that it is for.
        origin: As above; names may be paths.
        find: Where the file of a name lies.

    Raises:
        SampleError: it is not there, or cannot be read.
    """
    texts, options = dict(origin.get("texts", {})), dict(origin.get("options", {}))
    if name := origin.get("shipped"):
        opened = _shipped(loaded, str(name), texts.get("text"), options)
        if not loaded.ours:  # the visitor's own in the place of some of its parts
            own = {part: _part(part, file, options, find) for part, file in dict(origin.get("parts", {})).items()}
            own |= {part: read_text(sentence) for part, sentence in texts.items()}
            opened = replace(opened, parts={**opened.parts, **own}, shipped=not own) if own else opened
    else:
        opened = _read(origin, texts, options, find)
    record = {key: value for key, value in origin.items() if value and key not in ("files", "parts")}
    if files := origin.get("files"):
        record["files"] = [Path(file).name for file in files]
    if parts := origin.get("parts"):
        record["parts"] = {
            part: [Path(path).name for path in file] if isinstance(file, list) else Path(file).name
            for part, file in parts.items()
        }
    return replace(opened, origin=record)


def files(origin: Mapping[str, Any]) -> list[str]:
    """The names of all files of a sample, in order."""
    parts = dict(origin.get("parts", {})).values()
    return [
        *origin.get("files", ()),
        *(name for part in parts for name in (part if isinstance(part, list) else [part])),
    ]


def _shipped(loaded: Loaded, name: str, sentence: str | None, options: Mapping[str, Any]) -> Sample:
    """One that comes with xviz, by its name or title, or with a model that is not ours."""
    if not loaded.ours:
        theirs = loaded.spec.samples() if loaded.spec.samples is not None else {}
        if name not in theirs:
            raise SampleError(f"{loaded.spec.title} has no sample “{name}”; it has {', '.join(theirs) or 'none'}.")
        return replace(theirs[name], shipped=True)
    own = shipped.samples(loaded.spec.key)
    example = next((sample_ for sample_ in own if name in (sample_.name, sample_.title)), None)
    if example is None:
        raise SampleError(
            f"There is no file “{name}”, and no sample of {loaded.spec.title} has that name. Give a file, or one of "
            f"{', '.join(sample_.name for sample_ in own)}."
        )
    opened = example.load(sentence)
    if options:
        opened = replace(opened, parts={**opened.parts, **read(example.path("eeg"), kind="eeg", **options).parts})
    return opened


def _read(origin: Mapping[str, Any], texts: Mapping[str, str], options: Mapping[str, Any], find: Find) -> Sample:
    """One of files and sentences."""
    parts: dict[str, Part] = {}
    names = [str(file) for file in origin.get("files", ())]
    if names:
        parts |= read(*(find(name) for name in names), kind=origin.get("kind"), **options).parts
    for part, file in dict(origin.get("parts", {})).items():
        parts[part] = _part(part, file, options if not names else {}, find)
        names += [str(name) for name in file] if isinstance(file, list) else [str(file)]
    parts |= {part: read_text(sentence) for part, sentence in texts.items()}
    if not parts:
        raise SampleError("A sample needs a file or a text: xviz explain MODEL FILE, or --part text=“…”.")
    if (count := origin.get("regions")) is not None and "regions" not in parts:
        parts["regions"] = encoded(parts["picture"], int(count))
    return Sample(Path(names[0]).name if names else next(iter(texts.values())), parts, source="your own")


def _part(part: str, names: str | list[str], options: Mapping[str, Any], find: Find) -> Part:
    """One part out of a file, or out of several.

    Raises:
        SampleError: there is no such file, or it holds several parts.
    """
    files = [find(str(name)) for name in ([names] if isinstance(names, str | Path) else names)]
    file = files[0]
    if part == "regions":
        from xviz.data.regions import read_regions

        if not file.is_file():
            raise SampleError(f"There is no file {file}. Give the path of one that is there.")
        return read_regions(file.read_bytes())
    parts = read(*files, **options).parts
    if part in parts:
        return parts[part]
    if len(parts) != 1:
        raise SampleError(f"{file.name} holds {', '.join(parts)}; name one of these with --part NAME={file.name}.")
    return next(iter(parts.values()))


def encoded(picture: Part, count: int) -> Regions:
    """Regions of a picture as the page finds them.

    Args:
        picture: A `Picture`.
        count: The most that are found.
    """
    from xviz.models import regions
    from xviz.models.boxes import find_boxes

    assert isinstance(picture, Picture)
    boxes = find_boxes(picture.pixels, count=count)
    return Regions(boxes, regions.encode(picture.pixels, boxes).numpy())


def origin(loaded: Loaded, names: list[str], parts: list[str], **more: Any) -> dict[str, Any]:
    """The origin that words of a command line mean.

    Args:
        loaded: The model.
        names: Files, or the name of one sample that comes with xviz or with the model.
        parts: ``NAME=FILE`` or ``NAME=SENTENCE``.
        more: Further entries; those without a value are left out.

    Raises:
        SampleError: a part has no name, or a file is not there.
    """
    origin_: dict[str, Any] = {name: value for name, value in more.items() if value}
    files: dict[str, str | list[str]] = {}
    texts: dict[str, str] = {}
    for word in parts:
        part, separator, value = word.partition("=")
        if not separator or not part or not value:
            raise SampleError(f"Expected --part NAME=FILE or NAME=“a sentence”; got “{word}”.")
        if part != "text" and (Path(value).expanduser().exists() or _looks_like_a_file(value)):
            before = files.get(part)
            files[part] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
        else:
            texts[part] = value
    origin_ |= {"parts": files} if files else {}
    origin_ |= {"texts": texts} if texts else {}
    if len(names) == 1 and not Path(names[0]).expanduser().exists() and not _looks_like_a_file(names[0]):
        return {**origin_, "shipped": names[0]}
    if not names and not files and not texts:
        known = [sample_.name for sample_ in shipped.samples(loaded.spec.key)] if loaded.ours else []
        known = known or list(loaded.spec.samples() if loaded.spec.samples else {})
        raise SampleError(
            "A sample is needed: a file, --part NAME=FILE, --part text=“…”"
            + (f", or one of {', '.join(known)}." if known else ".")
        )
    return {**origin_, **({"files": names} if names else {})}


def _looks_like_a_file(name: str) -> bool:
    endings = {ending for endings in ENDINGS.values() for ending in endings} | {".npz", ".csv", ".zip"}
    return Path(name).suffix.lower() in endings
