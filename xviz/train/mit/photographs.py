"""Photograph a scene: one pass of triangle numbers by VTK, everything else per pixel from the triangle it shows.

The number of a triangle is its flat colour, without light or smoothing; depth is where the pixel's ray meets its plane.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from xviz.train.mit.solids import Solid

#: pixels of a photo and focal length in pixels, as ScanNet's depth camera has them at half its size
WIDTH, HEIGHT, FOCAL = 320, 240, 289.0
#: nearest and farthest that is drawn, metres
NEAR, FAR = 0.05, 30.0
#: what is seen through a window, linear
SKY = np.array([0.75, 0.88, 1.0]) * 1.1


@dataclass(frozen=True, eq=False)
class Lamp:
    """A point of light."""

    place: NDArray[np.float64]  #: (3,) metres
    colour: NDArray[np.float64]  #: (3,) linear strength at one metre


@dataclass(frozen=True, eq=False)
class Photo:
    """What one look into the room gives."""

    rgb: NDArray[np.uint8]  #: (height, width, 3)
    depth: NDArray[np.float32]  #: (height, width) metres along the camera's z, 0 where nothing is
    label: NDArray[np.uint8]  #: (height, width) 1 + class, 0 for none
    slant: NDArray[np.float32]  #: (height, width) cosine between ray and surface
    glass: NDArray[np.bool_]  #: (height, width) True where light goes through


def intrinsics(width: int = WIDTH) -> NDArray[np.float64]:
    """(3, 3) camera matrix; pixel centres are whole numbers."""
    f = FOCAL * width / WIDTH
    return np.array([[f, 0, width / 2 - 0.5], [0, f, width * HEIGHT / WIDTH / 2 - 0.5], [0, 0, 1]])


def looking(place: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4, 4) camera to world, x right, y down, z ahead, of a level camera at ``place`` that looks at ``at``."""
    ahead = (at - place) / np.linalg.norm(at - place)
    right = np.cross(ahead, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.stack([right, np.cross(ahead, right), ahead, place], 1)
    return pose


class Camera:
    """Takes photos of one scene after another with one plotter."""

    def __init__(self) -> None:
        """Open the off-screen windows."""
        os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
        logging.disable()
        import pyvista

        pyvista.vtk_verbosity("off")
        self._pv = pyvista
        self._plotters = {}
        for scale in (1, 2):
            size = (WIDTH * scale, HEIGHT * scale)
            plotter = pyvista.Plotter(off_screen=True, window_size=size, lighting="none")
            plotter.disable_anti_aliasing()
            plotter.ren_win.SetMultiSamples(0)
            plotter.set_background("black")
            plotter.camera.SetViewAngle(float(np.degrees(2 * np.arctan(HEIGHT / 2 / FOCAL))))
            self._plotters[scale] = plotter

    def load(self, solid: Solid, lamps: tuple[Lamp, ...], exposure: float) -> None:
        """Bring a scene before the camera.

        Args:
            solid: Everything in it.
            lamps: Its lights.
            exposure: Gain before the photo is clipped.
        """
        self._solid, self._lamps, self._exposure = solid, lamps, exposure
        edges = solid.corners[:, 1:] - solid.corners[:, :1]
        self._normal = np.cross(edges[:, 0], edges[:, 1]).astype(np.float32)
        self._normal /= np.maximum(np.linalg.norm(self._normal, axis=1, keepdims=True), 1e-12)
        self._smooth = _smooth(solid.corners, self._normal)
        self._pack_textures()
        count = len(solid.corners)
        faces = np.concatenate([np.full((count, 1), 3), np.arange(3 * count).reshape(-1, 3)], 1)
        mesh = self._pv.PolyData(solid.corners.reshape(-1, 3), faces.ravel())
        number = np.arange(1, count + 1)
        mesh.cell_data["number"] = np.stack([number & 255, number >> 8 & 255, number >> 16], 1).astype(np.uint8)
        for plotter in self._plotters.values():
            plotter.clear_actors()
            plotter.add_mesh(mesh, scalars="number", rgb=True, lighting=False, reset_camera=False, copy_mesh=False)

    def take(self, pose: NDArray[np.float64], *, fine: bool = False) -> Photo:
        """Photograph; ``fine`` takes four rays a pixel and means their light."""
        face = self._faces(pose, 2 if fine else 1)
        if not fine:
            return self._look(face, pose)
        four = face.reshape(HEIGHT, 2, WIDTH, 2).swapaxes(1, 2).reshape(HEIGHT, WIDTH, 4)
        return self._look(four[..., 0], pose, four)

    def _faces(self, pose: NDArray[np.float64], scale: int) -> NDArray[np.int64]:
        """(height, width) the triangle that each pixel shows, −1 for none."""
        plotter = self._plotters[scale]
        camera = plotter.camera
        camera.SetPosition(*pose[:3, 3])
        camera.SetFocalPoint(*(pose[:3, 3] + pose[:3, 2]))
        camera.SetViewUp(*-pose[:3, 1])
        camera.SetClippingRange(NEAR, FAR)
        plotter.render()
        shot = np.asarray(plotter.screenshot(return_img=True)).astype(np.int64)
        return (shot[..., 0] | shot[..., 1] << 8 | shot[..., 2] << 16) - 1

    def _look(self, face: NDArray[np.int64], pose: NDArray[np.float64], four: NDArray[np.int64] | None = None) -> Photo:
        """The photo of (height, width) triangles; pixels whose four quarters show several mean their light."""
        ray = _rays(pose, WIDTH, HEIGHT)
        hit = face >= 0
        f = face[hit]
        depth, label = np.zeros(face.shape, np.float32), np.zeros(face.shape, np.uint8)
        slant, glass = np.zeros(face.shape, np.float32), ~hit
        light = np.broadcast_to(SKY, (*face.shape, 3)).copy()
        light[hit], depth[hit], slant[hit] = self._seen(f, ray[hit], pose)
        label[hit] = self._solid.label[f]
        glass[hit] = self._opacity[self._solid.material[f]] < 0.7
        shade = _crease(depth)[..., None]
        rgb = self._exposed(light * shade)
        if four is not None:
            mixed = (four != four[..., :1]).any(-1)
            quarters = _rays(pose, 2 * WIDTH, 2 * HEIGHT).reshape(HEIGHT, 2, WIDTH, 2, 3).swapaxes(1, 2)[mixed]
            rgb[mixed] = self._exposed(self._quarters(four[mixed], quarters, pose) * shade[mixed][:, None]).mean(1)
        return Photo((rgb + 0.5).astype(np.uint8), depth, label, slant, glass)

    def _quarters(self, four: NDArray[np.int64], ray: NDArray[np.float32], pose: NDArray[np.float64]) -> NDArray:
        """(n, 4, 3) linear light of the quarters of n pixels."""
        f, ray = four.ravel(), ray.reshape(-1, 3)
        light = np.broadcast_to(SKY, (len(f), 3)).copy()
        light[f >= 0] = self._seen(f[f >= 0], ray[f >= 0], pose)[0]
        return light.reshape(-1, 4, 3)

    def _exposed(self, light: NDArray) -> NDArray:
        return 255 * np.clip(self._exposure * light, 0, 1) ** (1 / 2.2)

    def _seen(
        self, f: NDArray[np.int64], ray: NDArray[np.float32], pose: NDArray[np.float64]
    ) -> tuple[NDArray, NDArray, NDArray]:
        """Linear light (n, 3), depth (n,) and cosine to the surface (n,) where n rays meet the triangles ``f``."""
        eye, ahead = pose[:3, 3].astype(np.float32), pose[:3, 2].astype(np.float32)
        corners, normal = self._solid.corners[f], self._normal[f]
        along = _dot(normal, ray)
        first, second, third = (np.maximum(corners[:, i] @ ahead - eye @ ahead, NEAR) for i in range(3))
        with np.errstate(divide="ignore", invalid="ignore"):
            z = _dot(corners[:, 0] - eye, normal) / along
        least, greatest = np.minimum(np.minimum(first, second), third), np.maximum(np.maximum(first, second), third)
        z = np.clip(np.nan_to_num(z, nan=NEAR), least, greatest).astype(np.float32)
        point = eye + z[:, None] * ray
        light = self._light(f, point, _weights(point, corners), ray)
        return light, z, np.abs(along) / _length(ray)

    def _light(self, f: NDArray, point: NDArray, weights: NDArray, ray: NDArray) -> NDArray[np.float32]:
        """Linear light that comes from each of (n,) points."""
        material = self._solid.material[f]
        uv = np.einsum("ij,ijk->ik", weights, self._solid.uv[f])
        colour = self._texel(material, uv) ** 2.2 * self._tint[material]
        normal = np.einsum("ij,ijk->ik", weights, self._smooth[f])
        normal *= (-np.sign(_dot(normal, ray)) / _length(normal))[:, None]
        light = 0.30 + 0.08 * normal[:, 2:] + np.zeros((1, 3), np.float32)
        for lamp in self._lamps:
            to = lamp.place.astype(np.float32) - point
            far = _length(to)
            strength = np.maximum(_dot(normal, to), 0) / (far * (0.6 + far**2 * 0.35))
            light = light + strength[:, None] * lamp.colour.astype(np.float32)
        light = colour * light
        clear = (1 - self._opacity[material])[:, None] * (self._solid.label[f] == self._pane)[:, None]
        return (1 - clear) * light + clear * SKY

    _pane = 4  #: label of windows, through whose glass the sky is seen

    def _pack_textures(self) -> None:
        """Lay all textures into one row, so that pixels of all materials are looked up at once."""
        plain = np.full((1, 1, 3), 255, np.uint8)
        pictures = [plain if m.texture is None else m.texture for m in self._solid.materials]
        self._sides = np.array([picture.shape[:2] for picture in pictures])
        self._first = np.cumsum([0, *(self._sides[:-1].prod(1))])
        self._texels = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
        self._tint = np.array([m.colour for m in self._solid.materials], np.float32) ** 2.2
        self._tint = np.maximum(self._tint, 0.012)
        self._opacity = np.array([m.opacity for m in self._solid.materials], np.float32)

    def _texel(self, material: NDArray, uv: NDArray) -> NDArray[np.float32]:
        sides = self._sides[material]
        part = uv - np.floor(uv)
        x = np.minimum((part[:, 0] * sides[:, 1]).astype(np.int64), sides[:, 1] - 1)
        y = np.minimum(((1 - part[:, 1]) * sides[:, 0]).astype(np.int64), sides[:, 0] - 1)
        return self._texels[self._first[material] + y * sides[:, 1] + x] / np.float32(255)


def _rays(pose: NDArray[np.float64], width: int, height: int) -> NDArray[np.float32]:
    """(height, width, 3) world direction of each pixel, one metre ahead."""
    k = intrinsics(width)
    x, y = (np.arange(width) - k[0, 2]) / k[0, 0], (np.arange(height) - k[1, 2]) / k[1, 1]
    ahead = np.stack([*np.meshgrid(x, y), np.ones((height, width))], -1)
    return (ahead @ pose[:3, :3].T).astype(np.float32)


def _dot(vector: NDArray, other: NDArray) -> NDArray:
    return np.einsum("ij,ij->i", vector, other)


def _length(vectors: NDArray) -> NDArray:
    return np.sqrt(np.maximum(_dot(vectors, vectors), 1e-18))


def _weights(point: NDArray, corners: NDArray) -> NDArray[np.float32]:
    """(n, 3) shares of the corners at a point of their triangle."""
    a, b, p = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0], point - corners[:, 0]
    aa, ab, bb, pa, pb = _dot(a, a), _dot(a, b), _dot(b, b), _dot(p, a), _dot(p, b)
    area = np.maximum(aa * bb - ab * ab, 1e-14)
    v, w = np.clip((bb * pa - ab * pb) / area, 0, 1), np.clip((aa * pb - ab * pa) / area, 0, 1)
    return np.stack([np.clip(1 - v - w, 0, 1), v, w], 1).astype(np.float32)


def _smooth(corners: NDArray[np.float32], normal: NDArray[np.float32]) -> NDArray[np.float32]:
    """(faces, 3, 3) normals of the corners: the mean of the faces that meet there at less than some 30°."""
    grid = np.round(corners.reshape(-1, 3) * 2000).astype(np.int64) + (1 << 19)
    _, ids = np.unique((grid[:, 0] << 40) | (grid[:, 1] << 20) | grid[:, 2], return_inverse=True)
    each = np.repeat(normal, 3, 0)
    mean = np.stack([np.bincount(ids, each[:, axis]) for axis in range(3)], 1)[ids]
    mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)
    like = _dot(mean, each)[:, None] > 0.87
    return np.where(like, mean, each).reshape(-1, 3, 3).astype(np.float32)


def _crease(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Factors that darken what lies behind its surroundings: corners, and the floor under furniture."""
    known = np.where(depth > 0, depth, depth.max(initial=1.0))
    shade = np.ones_like(known)
    for wide in (4, 14):
        near = gaussian_filter(known, wide, truncate=2)
        shade -= 0.9 * np.clip((known - near) / np.maximum(known, 0.1) - 0.01, 0, 0.18)
    return shade
