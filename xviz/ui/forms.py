"""How the tokens of a run are shown, made once for all visitors (``cache.of_run``)."""

from __future__ import annotations

from dataclasses import dataclass

from xviz.core.foreign import foreign
from xviz.core.forms import Form, form
from xviz.core.grounds import Source
from xviz.core.run import Run
from xviz.core.sample import Sample
from xviz.engine import Loaded


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
            return {name: form(leaf, source) for name, leaf in run.leaves.items()}
