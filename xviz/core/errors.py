"""What a person can put right.

XvizError
├── SampleError       the input cannot be used: another file, sentence or setting is needed
├── CheckpointError   the weights are missing, changed or do not fit the model
└── ModelError        the question does not fit the model: no such layer, head, token or method
    └── ForeignError  code that is not ours failed: a model's own forward, a spec's own functions

Their text is shown in the app as it stands: what was expected, what came, what to do. Anything else is a bug.
"""

from __future__ import annotations


class XvizError(Exception):
    """Something that the person in front of the screen can put right."""


class SampleError(XvizError):
    """The input cannot be used as it is."""


class CheckpointError(XvizError):
    """The weights are missing, altered, or do not fit the model."""


class ModelError(XvizError):
    """The question does not fit the model."""


class ForeignError(ModelError):
    """Code that is not ours failed.

    Attributes:
        trace: The part of the traceback that is in that code, for its author.
    """

    def __init__(self, text: str, trace: str = "") -> None:
        super().__init__(text)
        self.trace = trace
