"""Triangles with textures: read them from Wavefront files, thin them, place them and join them to one scene."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: most triangles that a piece keeps, unless thinning would take more than `COARSEST` of its shape
MOST_FACES = 4000
#: cells at which corners are brought together, metres
FINEST, COARSEST = 0.004, 0.05
#: longest side of a texture, pixels
TEXTURE = 256


@dataclass(frozen=True, eq=False)
class Material:
    """How a surface looks."""

    colour: tuple[float, float, float]  #: 0–1 as on a screen
    opacity: float = 1.0
    texture: NDArray[np.uint8] | None = None  #: (height, width, 3), first row at the top


@dataclass(frozen=True, eq=False)
class Solid:
    """Triangles, each with a material and a label."""

    corners: NDArray[np.float32]  #: (faces, 3, 3) metres, z up; the front of a piece of furniture looks to −y
    uv: NDArray[np.float32]  #: (faces, 3, 2) places on the texture, which repeats
    material: NDArray[np.int32]  #: (faces,) index into materials
    materials: tuple[Material, ...]
    label: NDArray[np.uint8]  #: (faces,) 1 + class, 0 for none

    @property
    def size(self) -> NDArray[np.float32]:
        """(3,) width, depth and height of the box around it, metres."""
        flat = self.corners.reshape(-1, 3)
        return flat.max(0) - flat.min(0)


def joined(solids: Sequence[Solid]) -> Solid:
    """All solids as one."""
    first = np.cumsum([0] + [len(solid.materials) for solid in solids])
    return Solid(
        corners=np.concatenate([solid.corners for solid in solids]),
        uv=np.concatenate([solid.uv for solid in solids]),
        material=np.concatenate([solid.material + start for solid, start in zip(solids, first, strict=False)]),
        materials=tuple(material for solid in solids for material in solid.materials),
        label=np.concatenate([solid.label for solid in solids]),
    )


def placed(
    solid: Solid, at: Sequence[float], angle: float, *, scale: Sequence[float] = (1, 1, 1), tint: Sequence[float] = ()
) -> Solid:
    """The solid scaled, turned about the upright axis and moved.

    Args:
        solid: Centred on the floor, as `fitted` leaves it.
        at: x, y, z of the middle of its lower side, metres.
        angle: Radians, to the left seen from above.
        scale: Factors along its own axes.
        tint: Factors for red, green and blue of all materials; empty for none.
    """
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)
    corners = (solid.corners * np.asarray(scale, np.float32)) @ turn.T + np.asarray(at, np.float32)
    materials = solid.materials
    if len(tint):
        materials = tuple(
            replace(m, colour=tuple(float(min(v * t, 1.0)) for v, t in zip(m.colour, tint, strict=True)))
            for m in materials
        )
    return replace(solid, corners=corners.astype(np.float32), materials=materials)


def fitted(solid: Solid, size: Sequence[float], rotation: Sequence[float]) -> Solid:
    """A piece of the catalogue, upright, at its true size and centred on the floor.

    Args:
        solid: As the file has it: y up, front to +z, any unit.
        size: Width, height and depth in centimetres.
        rotation: 3 × 3, row by row, of the catalogue.
    """
    corners = solid.corners @ np.reshape(rotation, (3, 3)).T.astype(np.float32)
    low, high = corners.reshape(-1, 3).min(0), corners.reshape(-1, 3).max(0)
    corners = (corners - (low + high) / 2) * (np.asarray(size) / 100 / np.maximum(high - low, 1e-9))
    corners[..., 1] += size[1] / 200
    upright = np.stack([corners[..., 0], -corners[..., 2], corners[..., 1]], -1)
    return replace(solid, corners=upright.astype(np.float32))


def thinned(solid: Solid, most: int = MOST_FACES) -> Solid:
    """The solid with corners brought together on ever coarser cells until it has at most ``most`` triangles."""
    cell, result = FINEST, solid
    while len(result.corners) > most and cell <= COARSEST:
        low = solid.corners.reshape(-1, 3).min(0)
        grid = np.floor((solid.corners.reshape(-1, 3) - low) / cell).astype(np.int64)
        keys = (grid[:, 0] << 40) | (grid[:, 1] << 20) | grid[:, 2]
        _, ids = np.unique(keys, return_inverse=True)
        count = np.bincount(ids)
        mean = np.stack([np.bincount(ids, solid.corners.reshape(-1, 3)[:, a]) / count for a in range(3)], 1)
        ids = ids.reshape(-1, 3)
        whole = (ids[:, 0] != ids[:, 1]) & (ids[:, 1] != ids[:, 2]) & (ids[:, 0] != ids[:, 2])
        faces = np.flatnonzero(whole)
        _, first = np.unique(np.sort(ids[faces], 1), axis=0, return_index=True)
        faces = faces[np.sort(first)]
        result = Solid(
            corners=mean[ids[faces]].astype(np.float32),
            uv=solid.uv[faces],
            material=solid.material[faces],
            materials=solid.materials,
            label=solid.label[faces],
        )
        cell *= 1.35
    return result


def read_obj(pack: zipfile.ZipFile, path: str) -> Solid:
    """One Wavefront model of an archive, with the materials and textures that lie beside it.

    Raises:
        ValueError: It has no triangle.
    """
    places: list[list[float]] = []
    marks: list[list[float]] = []
    faces: list[tuple[int, int, int, int, int, int, int]] = []
    named: dict[str, Material] = {}
    names: list[str] = []
    now = 0
    for line in pack.read(path).decode("latin-1").splitlines():
        word, _, values = line.partition(" ")
        if word == "v":
            places.append([float(v) for v in values.split()[:3]])
        elif word == "vt":
            marks.append([float(v) for v in values.split()[:2]])
        elif word == "f":
            faces.extend(_triangles(values, len(places), len(marks), now))
        elif word == "usemtl":
            name = values.strip()
            if name not in names:
                names.append(name)
            now = names.index(name)
        elif word == "mtllib":
            named |= dict(_materials(pack, posixpath.join(posixpath.dirname(path), values.strip())))
    if not faces:
        raise ValueError(f"{path} has no triangle.")
    table = np.array(faces, np.int64)
    uv = np.array([*marks, [0.0, 0.0]], np.float32)
    plain = Material((0.6, 0.6, 0.6))
    return Solid(
        corners=np.array(places, np.float32)[table[:, :3]],
        uv=uv[np.where(table[:, 3:6] < 0, len(marks), table[:, 3:6])],
        material=table[:, 6].astype(np.int32),
        materials=tuple(named.get(name, plain) for name in names) or (plain,),
        label=np.zeros(len(table), np.uint8),
    )


def _triangles(corners: str, places: int, marks: int, material: int) -> Iterator[tuple[int, ...]]:
    """The fan of triangles of one face: three places, three marks (−1 for none), the material."""
    ring = []
    for corner in corners.split():
        parts = corner.split("/")
        vertex = int(parts[0])
        mark = int(parts[1]) if len(parts) > 1 and parts[1] else 0
        ring.append(
            (vertex - 1 if vertex > 0 else places + vertex, mark - 1 if mark > 0 else marks + mark if mark else -1)
        )
    for second, third in pairwise(ring[1:]):
        chosen = (ring[0], second, third)
        yield (*(vertex for vertex, _ in chosen), *(mark for _, mark in chosen), material)


def _materials(pack: zipfile.ZipFile, path: str) -> Iterator[tuple[str, Material]]:
    """The materials of one file; a missing file or picture leaves plain colours."""
    if path not in pack.namelist():
        return
    entries: dict[str, dict[str, str]] = {}
    now: dict[str, str] = {}
    for line in pack.read(path).decode("latin-1").splitlines():
        word, _, value = line.strip().partition(" ")
        if word == "newmtl":
            now = entries.setdefault(value.strip(), {})
        elif word:
            now[word] = value.strip()
    for name, entry in entries.items():
        colour = [float(v) for v in entry.get("Kd", "0.6 0.6 0.6").split()[:3]]
        opacity = float(entry.get("d", "1").split()[-1])
        texture = None
        if "map_Kd" in entry:
            texture = _texture(pack, posixpath.join(posixpath.dirname(path), entry["map_Kd"].split()[-1]))
        if texture is not None:
            colour = [1.0, 1.0, 1.0]
        yield name, Material((colour[0], colour[1], colour[2]), opacity if opacity > 0.02 else 1.0, texture)


def _texture(pack: zipfile.ZipFile, path: str) -> NDArray[np.uint8] | None:
    if path not in pack.namelist():
        return None
    with Image.open(io.BytesIO(pack.read(path))) as image:
        picture = image.convert("RGB")
        picture.thumbnail((TEXTURE, TEXTURE), Image.Resampling.BOX)
        return np.asarray(picture)
