"""Meshes as clouds: OBJ, glTF and STL through trimesh; vertices, or points all over the faces where these are large.

Phones export rooms so, with colours at vertices or in pictures that faces are cut from. Lines of an OBJ are read as a
table where only vertices matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import LIMIT_POINTS, RawCloud, check_count
from xviz.data.cloud.dialect import plain_text
from xviz.data.cloud.text import read_table

COARSE = 0.01  #: share of the room's diagonal: faces with longer sides are covered with points
SPREAD = 300_000  #: points all over the faces of a coarse mesh
_MOST_INSTANCES = 10_000
_NO_PICTURE = (2, 2)  #: size of the picture that trimesh puts where a material has none
_PACKED = re.compile(rb"(draco|meshopt)")  #: compressions of points in a glTF
_OBJ = re.compile(rb"^(mtllib|o |g |v |vn |vt |usemtl )", re.MULTILINE)

Beside = Callable[[str], bytes | None]  #: the bytes of a file that a mesh names; None where it did not come


def looks_like_stl(start: bytes, size: int) -> bool:
    """True for an STL, ASCII or binary, whose length is what its count of triangles makes it."""
    if start[:5].lower() == b"solid" and b"facet" in start:
        return True
    return len(start) >= 84 and size == 84 + 50 * int.from_bytes(start[80:84], "little") and size > 84


def looks_like_obj(start: bytes) -> bool:
    """True for text whose first lines are vertices, materials or comments."""
    lines = [line.strip() for line in start.split(b"\n")[:-1] or [start] if line.strip()]
    plain = [line for line in lines if not line.startswith(b"#")]
    return bool(plain) and all(
        re.match(rb"(mtllib|usemtl|[ogs]|v|vn|vt|vp|f|l|p)\s", line) for line in plain[:20]
    )  # fmt: skip


#: kind → whether a file is of it by its start and size
MESHES: Mapping[str, Callable[[bytes, int], bool]] = {
    "glTF": lambda start, size: start[:4] == b"glTF" or bool(re.match(rb'\s*\{.*"asset"', start, re.DOTALL)),
    "STL": looks_like_stl,
}


def read_mesh(data: bytes, kind: str, beside: Beside = lambda name: None) -> RawCloud:
    """A mesh as a cloud.

    Args:
        data: the file.
        kind: "OBJ", "glTF" or "STL".
        beside: files that it names, such as its pictures.

    Raises:
        SampleError: it is damaged, compressed, or holds no points.
    """
    if kind == "OBJ":
        return _read_obj(data, beside)
    needed = re.search(rb'"extensionsRequired"\s*:\s*\[([^\]]*)\]', data) if kind == "glTF" else None
    if needed and (packed := _PACKED.search(needed[1])):  # trimesh reads such as zeros
        raise SampleError(
            f"The points of this glTF file are compressed ({packed[1].decode().title()}), which is not read. Export it "
            "without compression, or as PLY."
        )
    raw = _loaded(data, {"glTF": "glb" if data[:4] == b"glTF" else "gltf", "STL": "stl"}[kind], kind, beside)
    if kind == "glTF":
        raw.up, raw.unit = "y", "m"  # glTF 2.0, section 3.4
    return raw


def _read_obj(data: bytes, beside: Beside) -> RawCloud:
    """An OBJ: its vertices where they are dense or have colours, else points all over its faces."""
    data = plain_text(data)
    lines = re.findall(rb"^[ \t]*v[ \t]+([^\n]*)", data, re.MULTILINE)
    check_count(len(lines), len(data), 6, "OBJ")
    columns = max(len(line.split()) for line in lines[:: max(1, len(lines) // 1000)])
    if columns < 3:
        raise SampleError("The vertices of this OBJ file have fewer than three numbers. Save it again.")
    table = read_table(BytesIO(b"\n".join(lines)), columns)
    raw = RawCloud(table.values[:, :3], _colours(table.values[:, 3:]) if columns >= 6 else None)
    raw.notes += [note.replace("in line", "in vertex") for note in table.notes()]
    faces = re.search(rb"^[ \t]*f[ \t]", data, re.MULTILINE) is not None
    if faces and (raw.rgb is None or _few(raw.xyz)):
        try:
            whole = _loaded(data, "obj", "OBJ", beside)
        except SampleError as error:
            raw.warnings.append(f"Faces and pictures of the OBJ were not read ({error!s:.120}); its vertices were.")
        else:
            raw = whole
    if raw.rgb is None and b"mtllib" in data:
        raw.warnings.append(
            "The pictures that the OBJ takes its colours from did not come or cannot be read: no colours."
        )
    return raw


def _colours(behind: NDArray[np.float64]) -> NDArray[np.float64]:
    """(points, 3) colours of what stands behind places: r g b, a weight before them, or opacity behind them."""
    weighted = bool((behind[:, 0] == 1).all())
    return behind[:, :3] if behind.shape[1] == 4 and not weighted else behind[:, -3:]


def _few(xyz: NDArray) -> bool:
    """True for so few vertices that they are corners and no surface."""
    return len(xyz) < 10_000


def _loaded(data: bytes, form: str, kind: str, beside: Beside) -> RawCloud:
    """What trimesh reads, every part at its place.

    Raises:
        SampleError: it cannot read it, or it is no surface and no points.
    """
    import trimesh  # takes seconds to import, which no start of the app should

    class Files(trimesh.resolvers.Resolver):
        """The files that came with the mesh."""

        def __init__(self) -> None:
            self.missing: list[str] = []

        def get(self, name: str) -> bytes:
            content = beside(name)
            if content is None:
                self.missing.append(name)
                raise FileNotFoundError(name)
            return content

        def write(self, name: str, data: bytes) -> None:
            raise PermissionError(name)

        def namespaced(self, namespace: str) -> Files:
            return self

        def keys(self) -> list[str]:
            return []

    files = Files()
    try:
        scene = trimesh.load_scene(
            BytesIO(data), file_type=form, resolver=files, process=False, maintain_order=True, allow_remote=False
        )
        nodes = list(scene.graph.nodes_geometry)
        if len(nodes) > _MOST_INSTANCES:
            raise SampleError(f"The {kind} file has {len(nodes):,} parts; {_MOST_INSTANCES:,} are read. Join them.")
        placed = [(scene.geometry[name], matrix) for matrix, name in (scene.graph[node] for node in nodes)]
        check_count(
            sum(len(part.vertices) for part, _ in placed if hasattr(part, "vertices")), LIMIT_POINTS * 99, 1, kind
        )
        parts = [_points(part, matrix, trimesh, not files.missing) for part, matrix in _spread(placed)]
    except SampleError:
        raise
    except Exception as error:  # a damaged file fails in many ways
        raise SampleError(
            f"The {kind} file is damaged, or needs files that did not come ({type(error).__name__}: {error!s:.150}). "
            "Save it as one GLB or as PLY."
        ) from error
    parts = [part for part in parts if part is not None]
    if not parts:
        raise SampleError(f"The {kind} file holds no points and no faces. Save it with its mesh.")
    whole = all(colours is not None for _, colours, _ in parts)
    raw = RawCloud(np.concatenate([xyz for xyz, _, _ in parts]))
    if whole:
        raw.rgb = np.concatenate([colours for _, colours, _ in parts])
    elif any(colours is not None for _, colours, _ in parts):
        raw.warnings.append(f"Some parts of the {kind} file have no colours: read without colours.")
    spread = sum(len(xyz) for xyz, _, spread_ in parts if spread_)
    if spread:
        raw.notes.append(f"A mesh with large faces: {spread:,} points were spread evenly over them.")
    return raw


def _spread(parts: list[tuple[Any, NDArray]]) -> list[tuple[tuple[Any, int], NDArray]]:
    """Each part with how many points are spread over its faces; zero takes its vertices."""
    meshes = [part for part, _ in parts if len(getattr(part, "faces", ())) > 0]
    areas = {id(part): float(part.area) for part in meshes}
    total = sum(areas.values())
    out = []
    corners = [part.vertices for part, _ in parts if len(getattr(part, "vertices", ()))]
    if not corners:
        return []
    size = float(np.linalg.norm(np.max([c.max(0) for c in corners], 0) - np.min([c.min(0) for c in corners], 0)))
    sides = [part.edges_unique_length for part in meshes]
    weight = np.concatenate(sides) if sides else np.zeros(0)
    coarse = len(weight) > 0 and float(np.percentile(weight, 75)) > COARSE * size
    for part, matrix in parts:
        count = round(SPREAD * areas.get(id(part), 0) / total) if coarse and total > 0 else 0
        out.append(((part, count), matrix))
    return out


def _points(
    part: tuple[Any, int], matrix: NDArray, trimesh: Any, whole: bool
) -> tuple[NDArray, NDArray | None, int] | None:
    """Places and colours of one part, and how many of them were spread over faces; None where it has none."""
    mesh, count = part
    if not len(getattr(mesh, "vertices", ())):
        return None
    visual = getattr(mesh, "visual", None)
    coloured = _coloured(visual, whole)
    if count and len(getattr(mesh, "faces", ())):
        if coloured:
            xyz, _, colours = trimesh.sample.sample_surface(mesh, count, sample_color=True, seed=0)
        else:
            (xyz, _), colours = trimesh.sample.sample_surface(mesh, count, seed=0), None
    else:
        xyz, colours, count = mesh.vertices, None, 0
        if isinstance(mesh, trimesh.PointCloud):
            colours = mesh.colors if len(mesh.colors) == len(xyz) else None
        elif coloured:
            colours = (visual.to_color() if visual.kind == "texture" else visual).vertex_colors
    if colours is not None:
        colours = np.asarray(colours)[:, :3]
        colours = colours if len(colours) == len(xyz) else None
    placed = np.asarray(xyz, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    return placed, colours, count


def _coloured(visual: Any, whole: bool) -> bool:
    """True for colours that the file has; trimesh puts grey or white where a picture or a material did not come."""
    if visual is None or visual.kind != "texture":
        return visual is not None and visual.kind is not None
    material = visual.material
    if hasattr(material, "baseColorFactor"):
        pictured = material.baseColorTexture is not None and visual.uv is not None
        return pictured or material.baseColorFactor is not None
    has_texture = bool(getattr(material, "kwargs", {})) or (
        material.image is not None and material.image.size != _NO_PICTURE
    )
    return has_texture and whole
