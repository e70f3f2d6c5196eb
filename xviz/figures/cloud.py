"""Stills of clouds: PyVista draws points off screen as the live cloud shows them; everything else is drawn as vectors.

VTK is imported when a still is asked for. A still holds points alone, so that signs, lines and text stay sharp in
print; ``Camera.project`` says where they go. Points are flat discs of one size in metres, and no light falls on them.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xviz.core.errors import XvizError
from xviz.core.provenance import digest
from xviz.geometry.viewpoint import FIELD, TILT, TURN

MOST = 200_000  #: points of a still; a finer cloud is drawn thinned
_DISC = "//VTK::Color::Impl\nif (dot(offsetVCVSOutput.xy, offsetVCVSOutput.xy) > 1.0) { discard; }\n"
_lock = threading.Lock()  # one VTK window at a time
_drawn: OrderedDict[str, NDArray[np.uint8]] = OrderedDict()  # the last stills: a figure is often saved several times
KEPT = 6  #: of them
CEILING = 0.08  #: of a room's height, what is cut away where a ceiling hides the room
NEAREST = 0.3  #: of its depth, what is cut away with it


@dataclass(frozen=True)
class Camera:
    """From where a cloud is seen, in perspective."""

    eye: tuple[float, float, float]  #: metres
    focus: tuple[float, float, float]  #: metres, in the middle of the picture
    up: tuple[float, float, float]
    aspect: float  #: width of the picture by its height
    top: float = math.inf  #: metres; what is higher is cut away
    front: float = -math.inf  #: metres ahead of the eye; what is nearer is cut away

    @classmethod
    def whole(cls, xyz: ArrayLike, aspect: float = 1.25) -> Camera:
        """The view that shows all of a cloud, as the live one does to begin with."""
        xyz = np.asarray(xyz, np.float64)
        low, high = xyz.min(0), xyz.max(0)
        centre, half = (low + high) / 2, (high - low) / 2
        back = np.array([math.cos(TILT) * math.cos(TURN), math.cos(TILT) * math.sin(TURN), math.sin(TILT)])
        right = np.array([-math.sin(TURN), math.cos(TURN), 0.0])
        up = np.cross(back, right)
        corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * half
        near, above, aside = corners @ back, corners @ up, np.abs(corners @ right)
        reach, distance, lift = 0.92 * math.tan(FIELD / 2), 4 * float(np.linalg.norm(half)) or 1.0, 0.0
        for _ in range(8):
            heights = (above - lift) / (distance - near)
            lift += distance * (heights.max() + heights.min()) / 2
            distance = max(float((near + np.maximum(np.abs(above - lift), aside / aspect) / reach).max()), 0.1)
        focus = centre + lift * up
        return cls(tuple(focus + distance * back), tuple(focus), tuple(up), aspect)

    @classmethod
    def opened(cls, xyz: ArrayLike, aspect: float = 1.25) -> Camera:
        """The view of all of a room, its ceiling and what stands nearest cut away so that one sees into it."""
        xyz, whole = np.asarray(xyz, np.float64), cls.whole(xyz, aspect)
        floor, roof = np.percentile(xyz[:, 2], [1, 99])
        tall = float(roof - floor)
        above = xyz[xyz[:, 2] > roof - CEILING * tall]
        sides = [np.ptp(np.percentile(part[:, :2], [5, 95], axis=0), axis=0) for part in (above, xyz)]
        if not tall or len(above) < 0.05 * len(xyz) or sides[0].prod() < 0.6 * sides[1].prod():
            return whole  # nothing lies over it
        depth = whole.project(xyz)[1]
        near, far = np.percentile(depth, [1, 99])
        return replace(whole, top=float(roof) - CEILING * tall, front=float(near + NEAREST * (far - near)))

    @classmethod
    def told(cls, record: Mapping[str, object] | None, xyz: ArrayLike) -> Camera:
        """The camera that the browser told of; the whole cloud where it told of none, or of none that can be."""
        try:
            eye, focus, up = (np.array(record[name], np.float64) for name in ("eye", "focus", "up"))
            aspect = float(record["aspect"])
            top, front = (
                math.inf if record.get("top") is None else float(record["top"]),
                -math.inf if record.get("front") is None else float(record["front"]),
            )
            axes = np.concatenate([eye, focus, up])
        except (TypeError, KeyError, ValueError, AttributeError):
            return cls.whole(xyz)
        sound = axes.shape == (9,) and np.isfinite(axes).all() and 0.1 < aspect < 10
        if not sound or np.linalg.norm(np.cross(focus - eye, up)) < 1e-9:
            return cls.whole(xyz)
        return cls(tuple(eye), tuple(focus), tuple(up), aspect, top, front)

    def shows(self, xyz: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(n,) which points are not cut away."""
        return (xyz[:, 2] <= self.top) & (self.project(xyz)[1] >= self.front)

    def cut(self, *, kept: bool = False) -> str:
        """Which points the picture leaves out; ``kept`` where those of the strongest tokens are not."""
        above = [f"above {self.top:.2f} m"] if math.isfinite(self.top) else []
        near = [f"nearer than {self.front:.2f} m to the camera"] if math.isfinite(self.front) else []
        strongest = ", but for the strongest" if kept else ""
        return f"; cut away: points {' and '.join(above + near)}{strongest}" if above or near else ""

    def band(self, xyz: NDArray[np.floating]) -> tuple[float, float]:
        """The part of the picture's height that points are seen in, with a little room, as shares from the top."""
        places, depth = self.project(xyz[self.shows(xyz)])
        visible = (depth > 0) & (places >= 0).all(1) & (places <= 1).all(1)
        if not visible.any():
            return 0.0, 1.0
        return max(0.0, float(places[visible, 1].min()) - 0.02), min(1.0, float(places[visible, 1].max()) + 0.02)

    def project(self, places: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where places (n, 3) are seen: (n, 2) shares of width and height from the top left, and metres ahead."""
        eye, focus, up = (np.array(v, np.float64) for v in (self.eye, self.focus, self.up))
        ahead = (focus - eye) / np.linalg.norm(focus - eye)
        right = np.cross(ahead, up)
        right /= np.linalg.norm(right)
        from_eye = np.asarray(places, np.float64).reshape(-1, 3) - eye
        depth, half = from_eye @ ahead, math.tan(FIELD / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = from_eye @ right / depth / half / self.aspect
            y = from_eye @ np.cross(right, ahead) / depth / half
        return np.column_stack([0.5 + x / 2, 0.5 - y / 2]), depth


def still(xyz: NDArray[np.floating], colours: NDArray[np.uint8], camera: Camera, width: int) -> NDArray[np.uint8]:
    """The points as they are seen, on white.

    Args:
        xyz: (n, 3) metres.
        colours: (n, 3) 0–255.
        camera: From where.
        width: Pixels; the height follows from the camera's aspect.

    Returns:
        (height, width, 3), 0–255.

    Raises:
        XvizError: PyVista is missing or cannot draw here.
    """
    pyvista = _pyvista()
    size = (width, max(1, round(width / camera.aspect)))
    key = digest(np.asarray(xyz), colours, f"{camera} {size}")
    with _lock:
        if key not in _drawn:
            _drawn[key] = _render(pyvista, size, xyz, colours, camera)
        _drawn.move_to_end(key)
        while len(_drawn) > KEPT:
            _drawn.popitem(last=False)
        return _drawn[key]


def _render(pyvista, size: tuple[int, int], xyz, colours, camera: Camera) -> NDArray[np.uint8]:
    """A still that is not kept yet."""
    try:
        plotter = pyvista.Plotter(off_screen=True, window_size=size, lighting=None)
    except RuntimeError as error:
        raise XvizError(f"Clouds cannot be drawn off screen on this machine ({error}). Is libegl1 there?") from error
    try:
        _fill(pyvista, plotter, xyz, colours, camera)
        pixels = np.ascontiguousarray(plotter.screenshot(return_img=True)[..., :3])
    finally:
        plotter.close()
    pixels.setflags(write=False)
    return pixels


def _fill(pyvista, plotter, xyz, colours, camera: Camera) -> None:
    """Points and camera into an empty plotter."""
    plotter.set_background("white")
    cloud = pyvista.PolyData(np.ascontiguousarray(xyz, np.float32))
    cloud["rgb"] = np.ascontiguousarray(colours, np.uint8)
    actor = plotter.add_points(cloud, scalars="rgb", rgb=True, style="points_gaussian", emissive=False, lighting=False)
    actor.mapper.SetScaleFactor(radius(xyz))
    actor.mapper.SetSplatShaderCode(_DISC)
    actor.prop.opacity = 1.0
    view = plotter.camera
    view.position, view.focal_point, view.up = camera.eye, camera.focus, camera.up
    view.view_angle = math.degrees(FIELD)
    reach = float(np.linalg.norm(xyz - np.array(camera.eye), axis=1).max())
    view.clipping_range = (reach / 500, 1.1 * reach)


def radius(xyz: NDArray[np.floating]) -> float:
    """Metres that leave few holes in a surface, as in the live cloud."""
    start = Camera.whole(xyz)
    distance = float(np.linalg.norm(np.subtract(start.eye, start.focus)))
    return 2 * distance * math.tan(FIELD / 2) / math.sqrt(len(xyz) + 1)


def _pyvista():
    """PyVista, quiet.

    Raises:
        XvizError: it is missing.
    """
    try:
        import pyvista
    except ImportError as error:
        raise XvizError("A cloud in print needs pyvista; it is not installed. Run: make app") from error
    pyvista.vtk_verbosity("off")
    return pyvista


def from_to(camera: Camera) -> str:
    """The camera in a few numbers, for provenance."""
    eye, focus = (", ".join(f"{v:.3f}" for v in point) for point in (camera.eye, camera.focus))
    return f"from ({eye}) to ({focus}) m"
