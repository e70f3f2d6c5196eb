"""From a file or a folder that xviz wrote to the page that shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xviz import request
from xviz.batch.store import PLAN, read_plan
from xviz.core.errors import SampleError
from xviz.data.files import open_zip
from xviz.explain.ask import Question
from xviz.links import pages
from xviz.links.link import Asked, Link

MANIFEST = "manifest.json"


@dataclass(frozen=True, eq=False)
class Source:
    """What is to be opened: a batch, or a request of a figure, a bundle or results."""

    path: Path
    kept: request.Kept | None = None  #: None for a batch

    @property
    def batch(self) -> bool:
        """Whether it is a folder of a batch."""
        return self.kept is None and self.path.is_dir()

    @property
    def model(self) -> str:
        """``file.py:SPEC`` of a model that is not ours, as it can be opened from here; "" for ours.

        Raises:
            ModelError: it is not here.
        """
        return self.kept.model(self._request) if self.kept is not None and self._request.source else ""

    @property
    def _request(self) -> request.Request:
        assert self.kept is not None
        if not self.kept.requests:
            raise SampleError(f"{self.path.name} holds no figure and no results, so that there is nothing to open.")
        return self.kept.requests[0]

    def link(self, samples: Sequence[Path] = (), model: str = "", key: str = "") -> Link:
        """The page that shows it.

        Args:
            samples: Files of the sample, where it has files; no others are read.
            model: ``file.py:SPEC``, where it is elsewhere.
            key: Of the page of a model that is not ours.

        Raises:
            XvizError: model or sample are not there, or no page shows them.
        """
        if self.kept is None:
            return Link("dataset", {"batch": self.path.name} if self.batch else {}, files=self._zipped())
        wanted = self._request
        missing = [name for name in wanted.files if len(samples) != 1 or len(wanted.files) != 1]
        if missing := [name for name in missing if name not in {path.name for path in samples}]:
            raise SampleError(
                f"The sample was read from {', '.join(missing)}. Give it with --sample path/to/{missing[0]}, so that "
                "it can be opened; files that are not named are not shown by a server."
            )
        loaded, sample = self.kept.opened(wanted, samples, model)
        asked = Asked(
            loaded, wanted.provenance.origin, tuple(Question.parse(question) for question in wanted.questions),
            wanted.provenance.options, _options(wanted), self.kept.finder(wanted, samples),
        )  # fmt: skip
        lost: tuple[str, ...] = ()
        if sample.digest != wanted.provenance.sample_digest:
            lost = ("the sample is another one than it was made with; “xviz reproduce” says what that changes",)
        elif loaded.sha256 != wanted.provenance.checkpoint_sha256:
            lost = ("the weights are others than it was made with; “xviz reproduce” says what that changes",)
        if "beside" in asked.options:
            lost = (*lost, "the page shows side A; take B on the page “Compare”")
        link = pages.of(asked, key)
        return Link(link.page, link.query, link.widgets, link.files, (*lost, *link.lost))

    def _zipped(self) -> Mapping[str, tuple[Path, ...]]:
        return {} if self.batch else {"dataset.zip": (self.path,)}


def _options(wanted: request.Request) -> dict:
    """Options of the figure; of methods in views also that they have scales of their own, where they have."""
    own = {"spread": False} if wanted.recipe.get("figure") == "methods" else {}
    return {**own, **dict(wanted.recipe.get("options") or {})}


def source(path: Path) -> Source:
    """What a path names.

    Args:
        path: A figure, a bundle, a manifest, the folder of results, or a batch as a folder or zipped.

    Raises:
        SampleError: it is none of these, or was written by a newer xviz.
        XvizError: a plan of a batch is damaged or of a newer version.
    """
    if path.is_dir():
        if read_plan(path) is not None:
            return Source(path.resolve())
        if not (path / MANIFEST).is_file():
            raise SampleError(
                f"{path} holds neither {PLAN} of a batch nor {MANIFEST} of results. Give a folder that “xviz batch” "
                "or “xviz explain” wrote, a bundle or a figure."
            )
        path = path / MANIFEST
    if path.is_file() and path.suffix.lower() == ".zip":
        names = [name.rpartition("/")[2] for name in open_zip(path.read_bytes()).members]
        if PLAN in names and MANIFEST not in names:
            return Source(path)
    return Source(path, request.read(path))
