"""How the tokens of a run are shown, made once for all visitors (``cache.of_run``)."""

from __future__ import annotations

from dataclasses import dataclass

from xviz.core.foreign import foreign
from xviz.core.forms import Form, form
from xviz.core.grounds import Source
from xviz.core.run import Run
from xviz.core.sample import Sample
from xviz.core.tokens import TokenSpace, leaves
from xviz.engine import Loaded


def every_leaf(run: Run) -> dict[str, TokenSpace]:
    """All leaf spaces by name."""
    return {leaf.name: leaf for space in run.spaces.values() for leaf in leaves(space)}


@dataclass(frozen=True, eq=False)
class Forms:
    """How the tokens of all spaces are shown; made once a run."""

    sample: Sample

    def __call__(self, loaded: Loaded, run: Run) -> dict[str, Form]:
        """Leaf space → its form.

        Raises:
            ForeignError: a type of space that is not ours failed.
        """
        source = Source(self.sample, run.inputs)
        with foreign(f"spaces of {loaded.spec.title}"):
            return {name: form(leaf, source) for name, leaf in every_leaf(run).items()}
