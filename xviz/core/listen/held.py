"""What records hold stays as it was heard: a tensor that the model is about to change in place is copied before."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from xviz.core.attention import Heard

PARTS = ("q", "k", "v", "bias")


class Held:
    """The memory that records share with the model."""

    def __init__(self) -> None:
        self._records: dict[int, list[Heard]] = {}

    def add(self, heard: Heard) -> None:
        """Watch over what a record holds."""
        parts = [*(getattr(heard, name) for name in PARTS), *heard.terms]
        for storage in {_place(part) for part in parts if part is not None} - {0}:
            self._records.setdefault(storage, []).append(heard)

    def protect(self, tensor: Any) -> None:
        """Copy what records share with a tensor that is about to change."""
        if not self._records or not isinstance(tensor, Tensor):
            return
        storage = _place(tensor)
        for heard in self._records.pop(storage, ()):
            for name in PARTS:
                part = getattr(heard, name)
                if part is not None and _place(part) == storage:
                    heard.copy(name)
            heard.terms = tuple(t.clone() if _place(t) == storage else t for t in heard.terms)


def _place(tensor: Tensor) -> int:
    """Where the numbers of a tensor lie; 0 where that cannot be told."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):
        return 0
