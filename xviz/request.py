"""`Request`: everything that a figure, a bundle or a folder of results was asked for, read out of what they carry.

A permalink, a manifest and a command line say the same: a model, a sample, numbers of its context, tokens left out,
questions, and a figure. All of them are made of this record.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xviz import opening
from xviz.core.errors import ModelError, SampleError
from xviz.core.provenance import Provenance
from xviz.core.sample import Sample
from xviz.data.files import open_zip
from xviz.engine import Loaded
from xviz.export import SCHEMA
from xviz.figures.figure import SCHEMA as FIGURE_SCHEMA
from xviz.figures.figure import read_record
from xviz.results import SCHEMA as RESULTS_SCHEMA

NEWER = "{} was written by a newer xviz (version {} of its format; this one reads {}). Update xviz to open it."


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked for, and what came out then."""

    provenance: Provenance
    recipe: Mapping[str, Any]  #: figure, venue, credit, questions, options, outputs, scores; see ``illustrate``
    figure: Mapping[str, Any] = field(default_factory=dict)  #: caption and alternative text; empty for results alone

    @property
    def source(self) -> str:
        """``file.py:SPEC`` of a model that is not ours."""
        return str(self.recipe.get("source") or "")

    @property
    def questions(self) -> Sequence[Mapping[str, Any]]:
        """What was asked of the run."""
        return tuple(self.recipe.get("questions", ()))

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files that the sample was read from; none where it ships with xviz or its model."""
        return tuple(opening.files(self.provenance.origin))


@dataclass(frozen=True, eq=False)
class Kept:
    """A file that xviz wrote, as it is."""

    path: Path
    content: bytes
    requests: tuple[Request, ...]
    manifest: Mapping[str, Any] | None = None  #: of a bundle

    def model(self, request: Request) -> str:
        """The name of the model of a request as it can be opened from here.

        Raises:
            ModelError: it is nobody's here.
        """
        if not request.source:
            return request.provenance.model
        file, _, attribute = request.source.partition(":")
        if not file.endswith(".py"):
            return request.source
        for folder in (self.path.parent, Path(), Path("examples")):
            if (folder / file).is_file():
                return f"{folder / file}:{attribute}"
        raise ModelError(f"The model is in {file}, which is not here. Say where with --model path/to/{request.source}.")

    def finder(self, request: Request, samples: Sequence[Path] = ()) -> opening.Find:
        """A function from the name of a file to where it lies: among some, beside this file, or in this folder.

        Its error, SampleError, says which file is missing.
        """
        by_name = {path.name: path for path in samples}

        def find(name: str) -> Path:
            name = Path(name).name  # a record holds no folders; one that does was not written by xviz
            if name in by_name:
                return by_name[name]
            if len(samples) == 1 and len(request.files) == 1:
                return samples[0]
            for folder in (self.path.parent, Path()):
                if (folder / name).exists():
                    return folder / name
            raise SampleError(
                f"The sample was read from {name}, which is neither beside {self.path.name} nor in this folder. Give "
                f"it with --sample path/to/{name}."
            )

        return find

    def opened(self, request: Request, samples: Sequence[Path] = (), model: str = "") -> tuple[Loaded, Sample]:
        """The model and the sample of a request.

        Args:
            request: One of this file's.
            samples: Files of the sample, where they are elsewhere or have other names.
            model: ``file.py:SPEC``, where it is elsewhere.

        Raises:
            XvizError: they are not there, or cannot be opened.
        """
        weights = str(dict(request.recipe.get("options") or {}).get("weights") or "")
        loaded, origin = opening.model(model or self.model(request), weights), dict(request.provenance.origin)
        sample = opening.sample(loaded, origin, self.finder(request, samples))
        return loaded, replace(sample, name=request.provenance.sample, origin=origin)


def read(path: Path) -> Kept:
    """What a PDF, SVG, PNG, EPS, bundle or manifest says of itself.

    Raises:
        SampleError: it is none of these, or was written by a newer or an older xviz.
    """
    if not path.is_file():
        raise SampleError(f"There is no file {path}. Give a figure, a bundle or a manifest that xviz wrote.")
    return parse(path, path.read_bytes())


def parse(path: Path, content: bytes) -> Kept:
    """The same of a file's content; its path is for messages, and for what lies beside it.

    Raises:
        SampleError: it is none of these, or was written by a newer or an older xviz.
    """
    if content.startswith(b"PK"):
        manifest = _json(open_zip(content).read("manifest.json"), path) if _has_manifest(content) else None
        if manifest is None:
            raise SampleError(
                f"{path.name} has no manifest.json, so that it is no bundle of xviz. Give one, or a figure."
            )
        return Kept(path, content, _of_bundle(manifest, path), manifest)
    if content.lstrip().startswith(b"{"):
        manifest = _json(content, path)
        if "xviz_figure" not in manifest:
            requests = _of_results(manifest, path) if "xviz_results" in manifest else _of_bundle(manifest, path)
            return Kept(path, content, requests)
        if manifest["xviz_figure"] != FIGURE_SCHEMA:
            raise SampleError(NEWER.format(path.name, manifest["xviz_figure"], FIGURE_SCHEMA))
    return Kept(path, content, (_of_figure(read_record(content), path),))


def _has_manifest(content: bytes) -> bool:
    return "manifest.json" in open_zip(content).members


def _json(content: bytes, path: Path) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise SampleError(
            f"The manifest of {path.name} is damaged ({error}). Use the file as it was written."
        ) from error
    if not isinstance(value, dict):
        raise SampleError(f"The manifest of {path.name} is {type(value).__name__}; an object was expected.")
    return value


def _of_figure(record: Mapping[str, Any], path: Path) -> Request:
    if "recipe" not in record:
        raise SampleError(
            f"{path.name} says where it comes from, but not how it was drawn: it was made by an older xviz, "
            "or comes from a script. Draw it again and export it from there."
        )
    try:
        about = {"caption": record["caption"], "alt": record["alt"]}
        return Request(Provenance(**record["provenance"]), record["recipe"], about)
    except (TypeError, KeyError) as error:
        raise SampleError(
            f"The origin in {path.name} cannot be read ({error}). Use the file as it was exported."
        ) from error


def _of_bundle(manifest: Mapping[str, Any], path: Path) -> tuple[Request, ...]:
    version = manifest.get("schema_version")
    if not isinstance(version, int):
        raise SampleError(f"{path.name} is no manifest of xviz. Give a figure, a bundle or a manifest that xviz wrote.")
    if version > SCHEMA:
        raise SampleError(NEWER.format(path.name, version, SCHEMA))
    return tuple(_of_figure(entry["record"], path) for entry in manifest.get("figures", ()))


def _of_results(manifest: Mapping[str, Any], path: Path) -> tuple[Request, ...]:
    if manifest["xviz_results"] > RESULTS_SCHEMA:
        raise SampleError(NEWER.format(path.name, manifest["xviz_results"], RESULTS_SCHEMA))
    recipe = {name: manifest.get(name) for name in ("questions", "outputs", "scores", "source")}
    try:
        return (Request(Provenance(**manifest["provenance"]), recipe),)
    except (TypeError, KeyError) as error:
        raise SampleError(
            f"The origin in {path.name} cannot be read ({error}). Use the file as it was written."
        ) from error
