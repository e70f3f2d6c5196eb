"""What figures call token spaces and tokens: words that a reader of the paper knows, no names of code or files."""

from __future__ import annotations

from collections.abc import Sequence

from xviz.core.cells import Cells
from xviz.core.tokens import Boxes, Electrodes, PatchGrid, Pieces, Segments, TokenSpace, leaves
from xviz.figures.sides import Group, Side

_OURS = {"classes_2d": "classes of photos", "classes_3d": "classes of points", "class": "class token"}


def noun(space: TokenSpace) -> str:
    """The tokens of a space in a word or two: "regions", "word pieces", "view 1"."""
    if isinstance(space, Cells):
        base = space.base().name
        number = base.removeprefix("view")
        return (f"view {number}" if number.isdigit() else plain(base)) + (", pooled" if space.of is not None else "")
    if isinstance(space, Pieces):
        return "words" if len(space.pieces) == len(space.words) else "word pieces"
    if isinstance(space, Electrodes):
        return f"{feature(space.name)} of electrodes" if len(space.name) <= 3 else plain(space.name)
    return _OURS.get(space.name) or plain(space.name)


def feature(name: str) -> str:
    """The name of an EEG feature as papers write it: DE, PSD."""
    return name.upper() if len(name) <= 3 else plain(name)


def plain(name: str) -> str:
    """A name of code in words."""
    return " ".join(name.replace("_", " ").replace(".", " ").split())


def token(space: TokenSpace, index: int) -> str:
    """One token in a few words, without its place in pixels or metres and without names of files."""
    if isinstance(space, Boxes):
        return f"region {index + 1}"
    if isinstance(space, Segments):
        return f"{plain(space.name).removesuffix('s')} {index + 1}"
    if isinstance(space, PatchGrid):
        photo, row, column = space.place(index)
        return f"photo {photo + 1}, row {row + 1}, column {column + 1}"
    if isinstance(space, Pieces):
        return space.pieces[index]
    if isinstance(space, Cells):
        return space.label(index).replace(" % from the left", " % across").replace(" % from the top", " % down")
    return space.label(index)


def picked(space: TokenSpace, indices: Sequence[int]) -> str:
    """The tokens that attention comes from or goes to, in a title: words in quotation marks, others with their kind."""
    if isinstance(space, Pieces):
        words = dict.fromkeys(space.words[int(space.of_word[index])] for index in indices)
        return ", ".join(f"“{word}”" for word in words)
    labels = ", ".join(token(space, index) for index in indices)
    if isinstance(space, Electrodes):
        return f"{labels} ({feature(space.name)})"
    if isinstance(space, Cells):
        return f"{noun(space)} at {labels}"
    if space.name in ("classes_2d", "classes_3d"):
        return f"the class “{labels}”"
    return f"the {labels}" if space.name == "class" else labels


def tokens(space: TokenSpace) -> list[str]:
    """All tokens of a space that is not joined."""
    return [token(space, index) for index in range(len(space))]


def side(space: TokenSpace) -> Side:
    """A side of a matrix: a group for each leaf of a space."""
    return Side(tuple(Group(tokens(leaf), noun(leaf), brace=_brace(leaf)) for leaf in leaves(space)))


def _brace(space: TokenSpace) -> str:
    """What stands under the brace of cells, which are many tokens of one thing."""
    return f"{noun(space)}: {len(space)} tokens" if isinstance(space, Cells) else ""


def groups(labels: Sequence[str]) -> Side:
    """A side of labels alone."""
    return Side.of(Group(labels))
