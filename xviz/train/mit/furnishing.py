"""Furnish a room: choose a kind of room, its doors, windows, furniture, colours and lamps, and join it to one solid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xviz.train.mit.floorplan import Opening, Plan, draw_plan, shell
from xviz.train.mit.kinds import CLASSES, Kind, shelf
from xviz.train.mit.paints import draw_looks
from xviz.train.mit.photographs import Lamp
from xviz.train.mit.placing import Box, Places, Thing
from xviz.train.mit.solids import Solid, joined, placed

#: furniture of each kind of room in the order of placing: class, where it stands, how many at most, chance of each
ROOMS: Mapping[str, tuple[tuple[str, str, int, float], ...]] = {
    "living room": (
        ("sofa", "wall", 3, 0.8), ("cabinet", "wall", 2, 0.7), ("bookcase", "wall", 2, 0.7),
        ("table", "middle", 2, 0.85),
        ("table", "desk", 1, 0.25), ("plant", "floor", 2, 0.6), ("lamp", "floor", 1, 0.7),
        ("screen", "hung", 1, 0.4),
    ),
    "bedroom": (
        ("bed", "wall", 2, 0.85), ("cabinet", "wall", 4, 0.75), ("bookcase", "wall", 1, 0.6),
        ("table", "desk", 1, 0.5),
        ("sofa", "wall", 1, 0.35), ("plant", "floor", 1, 0.5), ("lamp", "floor", 1, 0.4),
        ("screen", "hung", 1, 0.3),
    ),
    "office": (
        ("table", "desk", 3, 0.85), ("bookcase", "wall", 3, 0.7), ("cabinet", "wall", 2, 0.6),
        ("table", "middle", 1, 0.5),
        ("sofa", "wall", 1, 0.35), ("plant", "floor", 2, 0.6), ("lamp", "floor", 1, 0.4),
        ("screen", "hung", 1, 0.3),
    ),
    "kitchen": (
        ("appliance", "wall", 3, 0.9), ("cabinet", "wall", 3, 0.7), ("cabinet", "hung", 3, 0.7),
        ("table", "middle", 1, 0.95),
        ("bookcase", "wall", 1, 0.25), ("plant", "floor", 1, 0.3),
    ),
    "bathroom": (
        ("bath", "wall", 6, 0.9), ("cabinet", "wall", 2, 0.6), ("appliance", "wall", 1, 0.4),
        ("chair", "loose", 1, 0.4),
        ("plant", "floor", 1, 0.4),
    ),
    "studio": (
        ("bed", "wall", 1, 0.95), ("sofa", "wall", 1, 0.7), ("appliance", "wall", 2, 0.7),
        ("cabinet", "wall", 2, 0.7),
        ("cabinet", "hung", 1, 0.5), ("table", "middle", 1, 0.8), ("table", "desk", 1, 0.5),
        ("bookcase", "wall", 1, 0.6),
        ("bath", "wall", 1, 0.3), ("plant", "floor", 1, 0.5), ("lamp", "floor", 1, 0.4),
    ),
}  # fmt: skip
#: share of each kind of room
SHARES = {"living room": 0.19, "bedroom": 0.2, "office": 0.16, "kitchen": 0.16, "bathroom": 0.14, "studio": 0.15}
#: step around a circle after which no two rooms ever come to lie near each other
GOLDEN = (5**0.5 - 1) / 2
#: fewest and most pieces of furniture
FEWEST, MOST = 8, 25
#: chance that a room goes without any furniture of a class: lists that nearly all hold a class say nothing of it
WITHOUT = 0.35


@dataclass(frozen=True, eq=False)
class Room:
    """One furnished room."""

    kind: str
    plan: Plan
    solid: Solid
    boxes: tuple[Box, ...]  #: what stands in it
    models: tuple[Kind, ...]  #: whose, in the same order; doors and windows come last and have no box
    lamps: tuple[Lamp, ...]
    exposure: float


class Furnisher:
    """Furnishes rooms from one part's models."""

    def __init__(self, models: Sequence[tuple[Kind, Solid]]) -> None:
        """Index the models.

        Args:
            models: Each with its triangles at true size.
        """
        self._by: dict[tuple[str, str], list[tuple[Kind, Solid, float | None]]] = defaultdict(list)
        for kind, solid in models:
            self._by[kind.label, kind.stands].append((kind, solid, shelf(solid)))

    def furnish(self, rng: np.random.Generator, number: int) -> Room:
        """A room; drawn again until at least `FEWEST` pieces found a place.

        Args:
            rng: Of this room.
            number: Of the room in its part; its kind follows, and any run of rooms has all kinds in their shares.
        """
        edges = np.cumsum(list(SHARES.values()))
        kind = list(SHARES)[int(np.searchsorted(edges, (number + 0.5) * GOLDEN % 1 * edges[-1]))]
        while True:
            work = _Work(self._by, rng, kind)
            if len(work.boxes) >= FEWEST:
                return work.room()


class _Work:
    """One room while it is being furnished."""

    def __init__(self, by: Mapping, rng: np.random.Generator, kind: str) -> None:
        self.by, self.rng, self.kind = by, rng, kind
        least, greatest = (
            (2.6, 3.8) if self.kind == "bathroom" else (3.0, 5.2) if self.kind == "bedroom" else (3.4, 6.2)
        )
        self.plan = draw_plan(rng, least, greatest)
        self.solids: list[Solid] = []
        self.boxes: list[Box] = []
        self.models: list[Kind] = []
        self.fitted: list[Kind] = []
        self.lamps: list[Lamp] = []
        self.tints: dict[str, np.ndarray] = {}
        self.without = {label for label in CLASSES if rng.random() < WITHOUT}
        self._openings()
        self.places = Places(self.plan, rng)
        for label, stands, most_of, chance in ROOMS[self.kind]:
            for _ in range(most_of):
                if rng.random() < chance and len(self.boxes) < MOST:
                    self._stand(label, stands)
        self._lights()

    def room(self) -> Room:
        """What has come of it."""
        marks = 1 + CLASSES.index("wall"), 1 + CLASSES.index("floor")
        looks = draw_looks(self.rng, len(self.plan.ring), tiled=self.kind in ("kitchen", "bathroom"))
        return Room(
            self.kind, self.plan, joined([shell(self.plan, looks, marks), *self.solids]), tuple(self.boxes),
            (*self.models, *self.fitted), tuple(self.lamps), float(self.rng.uniform(0.75, 1.05)),
        )  # fmt: skip

    def _draw(self, label: str, stands: str) -> tuple[Kind, Solid, float | None] | None:
        fitting = () if label in self.without else self.by.get((label, stands), ())
        return fitting[int(self.rng.integers(len(fitting)))] if fitting else None

    def _stand(self, label: str, stands: str) -> Box | None:
        """Place one piece and what belongs to it."""
        drawn = self._draw(label, "round" if stands == "loose" else stands)
        if drawn is None:
            return None
        kind, solid, top = drawn
        factor = self.rng.uniform(0.95, 1.05)
        thing = _thing(kind, solid, top, factor)
        if stands == "middle":
            box = self._table(thing)
        elif stands == "floor":
            box = self.places.corner(thing)
        elif stands == "loose":
            box = self.places.middle(thing, margin=0.4)
        else:
            box = self.places.wall(thing, near=self._partner(label))
        if box is None:
            return None
        self._add(kind, solid, box, factor)
        if stands == "desk":
            self._chairs(box, 1, desk=True)
        if stands == "middle" and thing.height > 0.6:
            self._chairs(box, int(self.rng.integers(2, 7)), desk=False)
        if thing.top is not None and stands in ("middle", "desk", "wall") and 0.3 < thing.top < 1.25:
            self._on_top(label, stands, box, thing.top)
        return box

    def _table(self, thing: Thing) -> Box | None:
        sofas = [box for box, kind in zip(self.boxes, self.models, strict=True) if kind.label == "sofa"]
        if thing.height < 0.6 and sofas:
            return self.places.middle(thing, before=sofas[int(self.rng.integers(len(sofas)))])
        return self.places.middle(thing, margin=max(thing.width, thing.depth) / 2 + 0.5)

    def _partner(self, label: str) -> Box | None:
        """What such a piece is put next to: baths, appliances and kitchen cabinets stand together."""
        together = {"bath": ("bath",), "appliance": ("appliance", "cabinet"), "cabinet": ("appliance",)}.get(label, ())
        if self.kind not in ("kitchen", "bathroom", "studio") or self.rng.random() < 0.2:
            return None
        return next((b for b, k in zip(self.boxes, self.models, strict=True) if k.label in together), None)

    def _chairs(self, table: Box, number: int, *, desk: bool) -> None:
        drawn = self._draw("chair", "round")
        for _ in range(number):
            if drawn is None or len(self.boxes) >= MOST:
                return
            kind, solid, _ = drawn if self.rng.random() < 0.85 else self._draw("chair", "round") or drawn
            thing = _thing(kind, solid, None, 1.0)
            box = self.places.front(thing, table) if desk else self.places.beside(thing, table)
            if box is not None:
                self._add(kind, solid, box, 1.0)

    def _on_top(self, label: str, stands: str, under: Box, top: float) -> None:
        """Screens on desks and low cabinets, lamps and plants anywhere, kitchen machines on cabinets."""
        wished = [
            ("screen", 0.85 if stands == "desk" else 0.45 if label == "cabinet" else 0.1),
            ("lamp", 0.45),
            ("plant", 0.4),
        ]
        if self.kind in ("kitchen", "studio") and label == "cabinet":
            wished = [("appliance", 0.6), ("plant", 0.3)]
        if label not in ("table", "cabinet"):
            return
        for wanted, chance in wished:
            drawn = self._draw(wanted, "on")
            if drawn is None or self.rng.random() > chance or len(self.boxes) >= MOST:
                continue
            kind, solid, _ = drawn
            box = self.places.on(_thing(kind, solid, None, 1.0), under, top)
            if box is not None:
                self._add(kind, solid, box, 1.0)

    def _lights(self) -> None:
        """A lamp that hangs from the ceiling in most rooms, and where light comes from."""
        drawn = self._draw("lamp", "ceiling")
        if drawn is not None and self.rng.random() < 0.75:
            kind, solid, _ = drawn
            box = self.places.ceiling(_thing(kind, solid, None, 1.0))
            if box is not None:
                self._add(kind, solid, box, 1.0)
        if (drawn := self._draw("lamp", "hung")) is not None and self.rng.random() < 0.4:
            kind, solid, _ = drawn
            box = self.places.wall(replace(_thing(kind, solid, None, 1.0), elevation=1.6))
            if box is not None:
                self._add(kind, solid, box, 1.0)
        for _ in range(int(self.rng.integers(1, 4))):
            spot = self.plan.extent * self.rng.uniform(0.25, 0.75, 2)
            warm = self.rng.uniform(0, 1)
            colour = np.array([1.0, 0.95 - 0.12 * warm, 0.95 - 0.35 * warm]) * self.rng.uniform(0.5, 0.9)
            self.lamps.append(Lamp(np.array([*spot, self.plan.height * self.rng.uniform(0.75, 0.93)]), colour))

    def _openings(self) -> None:
        """Up to two doors and three windows, each set into its hole."""
        doors, windows = self.rng.choice(3, p=[0.1, 0.6, 0.3]), self.rng.choice(4, p=[0.15, 0.4, 0.3, 0.15])
        for label, number in (("door", int(doors)), ("window", int(windows))):
            for _ in range(number):
                self._opening(label)

    def _opening(self, label: str) -> None:
        drawn = self._draw(label, "opening")
        if drawn is None:
            return
        kind, solid, _ = drawn
        width, _, height = solid.size
        low = 0.0 if label == "door" else kind.elevation
        height = min(float(height), self.plan.height - low - 0.08)
        for _ in range(12):
            number = int(self.rng.integers(len(self.plan.ring)))
            start, along, inward, length = self.plan.wall(number)
            if length < width + 0.4:
                continue
            hole = Opening(number, float(self.rng.uniform(0.2, length - width - 0.2)), float(width), low, low + height)
            if any(_crowds(hole, other) for other in self.plan.openings):
                continue
            if self.plan.notch is not None and number in (2, 3) and length < 1.6:
                continue
            self.plan = replace(self.plan, openings=(*self.plan.openings, hole))
            deep = self.plan.thickness + 0.03
            x, y = start + (hole.start + width / 2) * along + inward * (0.03 - deep / 2)
            angle = float(np.arctan2(inward[1], inward[0]) + np.pi / 2)
            scale = (0.998, deep / float(solid.size[1]), height / float(solid.size[2]))
            self.solids.append(placed(solid, (x, y, low), angle, scale=scale))
            self.fitted.append(kind)
            if label == "window" and self.rng.random() < 0.8:
                position = np.array([*(start + (hole.start + width / 2) * along + inward * 0.4), low + height / 2])
                self.lamps.append(Lamp(position, np.array([0.85, 0.93, 1.0]) * self.rng.uniform(0.3, 0.8)))
            return

    def _add(self, kind: Kind, solid: Solid, box: Box, factor: float) -> None:
        tint = self.tints.setdefault(kind.id, np.clip(self.rng.normal(1, 0.1) * self.rng.normal(1, 0.03, 3), 0.6, 1.3))
        position = (box.x, box.y, box.low)
        self.solids.append(placed(solid, position, box.angle, scale=(factor,) * 3, tint=tint))
        self.boxes.append(box)
        self.models.append(kind)


def _crowds(opening: Opening, other: Opening) -> bool:
    apart = abs((other.start + other.width / 2) - (opening.start + opening.width / 2))
    return opening.wall == other.wall and apart < (other.width + opening.width) / 2 + 0.1


def _thing(kind: Kind, solid: Solid, top: float | None, factor: float) -> Thing:
    width, depth, height = (float(side) * factor for side in solid.size)
    up = max(kind.elevation, 1.1) if kind.stands == "hung" else 0.0
    return Thing(width, depth, height, None if top is None else top * factor, up)
