"""One side of a matrix: its tokens in groups, where their cells lie, and which of their labels stand beside them.

Labels stand at their cells, a line of text apart at least. A group whose labels would not fit is given more room than
its share where others can spare it (words beside regions); where that does not do, every n-th token is labelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from xviz.figures.lettering import fit, width_of
from xviz.figures.look import look

LINE, TALL = 1.05, 1.45  #: distance of two labels in text sizes; of those in scripts with higher letters
LATIN = 0x590  #: the first character that such a script may have
LONGEST = 16.5  #: a label is cut at this many text sizes
GAP = 2.5  #: points between groups
TICK = 2.0  #: points between cells and labels
BRACE = 2.4  #: room of a brace with its name, in text sizes
SECOND = 1.15  #: what a second line of names takes more
MANY = 20  #: text sizes of all names of a side, over which they may need a second line
SPARE = 0.85  #: of a side, what groups with labels may take from those that have more tokens
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  #: of every how many tokens one is labelled


@dataclass(frozen=True)
class Group:
    """Tokens of one kind, in a row."""

    labels: Sequence[str]  #: one per token
    kind: str = ""  #: what they are, written under a brace beside them: "regions"
    marked: Sequence[int] = ()  #: in bold and left out only beside another one, counted within the group
    all: bool = True  #: whether all tokens are to be labelled, or only marked ones
    brace: str = ""  #: what is written under the brace in the place of number and kind

    def __len__(self) -> int:
        """Tokens."""
        return len(self.labels)

    @property
    def noun(self) -> str:
        """What the tokens are; the label of a single one that has no other name."""
        return self.kind or (self.labels[0] if len(self.labels) == 1 else "tokens")

    @property
    def name(self) -> str:
        """What stands under the brace, "36 regions"; "" where there is none, as beside a single token."""
        if not self.kind or len(self) == 1:
            return ""
        return self.brace or f"{len(self)} {self.kind}"


@dataclass(frozen=True, eq=False)
class Side:
    """Groups along a side of a matrix, the first at its top or left."""

    groups: tuple[Group, ...]

    @classmethod
    def of(cls, *groups: Group) -> Side:
        """A side of groups."""
        return cls(groups)

    @property
    def cuts(self) -> list[int]:
        """The first token of each further group."""
        return [int(n) for n in np.cumsum([len(group) for group in self.groups])[:-1]]

    @property
    def named(self) -> bool:
        """Whether there are braces."""
        return any(group.name for group in self.groups)

    def lines(self, size: float, extent: float | None = None) -> int:
        """Lines of the names under braces: as many, three at most, as they need on a side so long in points.

        Where that is not known, two if the names are many.
        """
        names = [group.name for group in self.groups if group.name]
        if len(names) < 2:
            return 1
        room = (MANY * size if extent is None else extent) - size * len(names)
        fits = (n for n in (1, 2, 3) if _width([_parted(name, size, n) for name in names], size) <= room)
        return next(fits, 3) if extent is not None else 1 + (next(fits, 3) > 1)

    def brace(self, size: float, extent: float | None = None) -> float:
        """Points that braces and their names need."""
        return (BRACE + SECOND * (self.lines(size, extent) - 1)) * size * self.named

    def room(self, size: float, extent: float | None = None) -> float:
        """Points that labels and braces need beside the cells, for a side so long in points if that is known."""
        labels = [
            label for group in self.groups for i, label in enumerate(group.labels) if group.all or i in group.marked
        ]
        widest = max((width_of(short(label, size), size, "bold") for label in labels), default=-TICK - 1)
        return TICK + 1 + widest + self.brace(size, extent)

    @property
    def line(self) -> float:
        """Distance of two labels in text sizes."""
        high = any(ord(c) >= LATIN for group in self.groups if group.all for label in group.labels for c in label)
        return TALL if high else LINE

    def needed(self, size: float) -> float:
        """Points along the side with which every label stands at its cell, in tokens that have one."""
        return self.line * size * sum(len(group) for group in self.groups if group.all) + GAP * (len(self.groups) - 1)

    def edges(self, extent: float, size: float) -> list[NDArray[np.float64]]:
        """Of each group the edges of its cells in points, (tokens + 1,).

        Args:
            extent: Points of the side.
            size: Of the labels, in points.
        """
        room, line = extent - GAP * (len(self.groups) - 1), self.line * size
        count = sum(map(len, self.groups))
        units, free, remaining = [room / count] * len(self.groups), room, count
        wanting = sorted((len(group), i) for i, group in enumerate(self.groups) if group.all and len(group) > 1)
        spaced: set[int] = set()
        for tokens, index in wanting:  # the smallest groups first
            if remaining > tokens and free / remaining < line and room - free + tokens * line <= SPARE * room:
                units[index], free, remaining = line, free - tokens * line, remaining - tokens
                spaced.add(index)
        starts, edges = 0.0, []
        for index, group in enumerate(self.groups):
            unit = units[index] if index in spaced else free / remaining
            edges.append(starts + unit * np.arange(len(group) + 1))
            starts = float(edges[-1][-1]) + GAP
        return edges

    def shown(self, edges: Sequence[NDArray[np.float64]], size: float) -> list[tuple[str, float, bool]]:
        """Labels that stand beside their cells: text, middle of the cell in points, whether it is marked."""
        marked, others, line, chosen = [], [], self.line * size, set(look().labels)
        for group, cells in zip(self.groups, edges, strict=True):
            middles, bold = (cells[1:] + cells[:-1]) / 2, set(group.marked)
            marked += [(group.labels[i], float(middles[i]), True) for i in sorted(bold)]
            if chosen:
                named = [i for i, label in enumerate(group.labels) if label in chosen and i not in bold]
                others += [(group.labels[i], float(middles[i]), False) for i in named]
            elif group.all:
                unit, every = float(cells[1] - cells[0]), look().every
                fits = next((s for s in STEPS if s * unit >= line - 1e-6), len(group))
                step = fits if every is None else every or len(group) + 1
                others += [
                    (group.labels[i], float(middles[i]), False)
                    for i in range(len(group))
                    if i not in bold and ((i == 0 and every != 0) or (i + 1) % step == 0)
                ]
        return apart([label for label in (*marked, *others) if label[0]], line)

    def braces(
        self, edges: Sequence[NDArray[np.float64]], size: float, limit: int
    ) -> list[tuple[tuple[str, ...], float, float, float]]:
        """Lines of each name with where its brace begins and ends and where the name stands.

        Names that have no room in one line take more, up to ``most``; what has none there either is cut.
        """
        spans = []
        for group, middle in zip(self.groups, edges, strict=True):
            if group.name:
                spans.append((group.name, float(middle[0]), float(middle[-1])))
        low, high = float(edges[0][0]), float(edges[-1][-1])
        free = high - low - size * len(spans)
        share = (high - low - size * (len(spans) - 1)) / max(len(spans), 1)
        texts = [(name,) for name, *_ in spans]
        for count in range(2, limit + 1):
            if _width(texts, size) > free:
                texts = [_parted(name, size, count) if width_of(name, size) > share else (name,) for name, *_ in spans]
        if _width(texts, size) > free:  # each keeps what an equal share leaves it
            texts = [tuple(fit(line, size, max(share, size)) for line in lines) for lines in texts]
        wide = [_width([lines], size) for lines in texts]
        middles = beside([(a + b) / 2 for _, a, b in spans], wide, size, low, high)
        return [(lines, a, b, middle) for lines, (_, a, b), middle in zip(texts, spans, middles, strict=True)]


def _width(texts: Sequence[tuple[str, ...]], size: float) -> float:
    """Points of names beside each other, each as wide as its widest line."""
    return sum(max(width_of(line, size) for line in lines) for lines in texts)


def _parted(name: str, size: float, count: int) -> tuple[str, ...]:
    """A name in so many lines, parted where the widest one is narrowest."""
    words = name.split() or [name]
    cuts = combinations(range(1, len(words)), min(count, len(words)) - 1)
    parted = [tuple(" ".join(words[a:b]) for a, b in pairwise((0, *cut, len(words)))) for cut in cuts]
    return min(parted, key=lambda lines: max(width_of(line, size) for line in lines), default=(name,))


def short(label: str, size: float) -> str:
    """A label cut to what a matrix leaves it; a place in brackets goes first."""
    if width_of(label, size) > LONGEST * size and label.endswith(")"):
        label = label.partition(" (")[0]
    return fit(label, size, LONGEST * size)


def apart(labels: Iterable[tuple[str, float, bool]], line: float) -> list[tuple[str, float, bool]]:
    """Of labels in the order of their worth, those that stand at least a line from all that are kept."""
    standing: list[tuple[str, float, bool]] = []
    for label in labels:
        if all(abs(label[1] - other[1]) >= line - 1e-6 for other in standing):
            standing.append(label)
    return sorted(standing, key=lambda label: label[1])


def beside(wanted: Sequence[float], wide: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Middles near the wanted ones of texts so wide, at least a gap apart and between low and high where they fit."""
    if not wanted:
        return []
    steps = np.cumsum([0.0, *((a + b) / 2 + gap for a, b in pairwise(wide))])
    pools: list[list[float]] = []
    for value in np.asarray(wanted) - steps:
        pools.append([float(value), 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [[(a * m + b * n) / (m + n), m + n]]
    level = np.repeat([mean for mean, _ in pools], [int(count) for _, count in pools])
    top = high - wide[-1] / 2 - steps[-1]
    return [float(v) for v in np.clip(level, low + wide[0] / 2, max(low + wide[0] / 2, top)) + steps]
