"""Read the Sweet Home 3D libraries and render their models to cut-outs with alpha."""

from __future__ import annotations

import importlib.util
import logging
import multiprocessing
import os
import re
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from xviz.train.common.sources import SourceError
from xviz.train.mmca.names import furniture_name

if TYPE_CHECKING:
    import pyvista

#: licence and how to write the library in a credit line, by archive name
LIBRARIES = {
    "BlendSwap-CC-0": ("CC0-1.0", "Blend Swap"),
    "BlendSwap-CC-BY": ("CC-BY-3.0", "Blend Swap"),
    "KatorLegaz": ("CC-BY-3.0-US", "Kator Legaz"),
    "Reallusion": ("CC-BY-3.0-US", "Reallusion"),
    "Scopia": ("CC-BY-3.0", "Scopia"),
}
#: side of a rendered cut-out before cropping, pixels
SIDE = 240
#: gain that makes a white surface in full light white
EXPOSURE = 1.22
#: most models kept for one name
MOST_ALIKE = 9


@dataclass(frozen=True)
class Shot:
    """How a model is looked at, angles in degrees."""

    #: of the camera, 0 is the front
    azimuth: float
    elevation: float
    #: azimuth and elevation of one strong lamp as seen from the camera; None lights evenly
    lamp: tuple[float, float] | None = None


#: what the scenes show of each model
VIEWS = (Shot(28.0, 18.0), Shot(-36.0, 12.0), Shot(8.0, 24.0))


@dataclass(frozen=True)
class Model:
    """One catalogue entry."""

    #: file-name safe id, library first
    id: str
    #: English name to use in sentences
    name: str
    #: English name in the catalogue, for the credit line
    title: str
    #: words of the catalogue's category and tags
    keywords: tuple[str, ...]
    #: archive the model lies in, and the path of its OBJ inside it
    archive: Path
    obj: str
    #: width, height, depth in centimetres
    size: tuple[float, float, float]
    #: 3 x 3 rotation, row by row
    rotation: tuple[float, ...]
    licence: str
    credit: str


def catalogue(folder: Path, *, most: int = MOST_ALIKE) -> tuple[Model, ...]:
    """Return the models worth rendering.

    Args:
        folder: Unpacked ``sweethome3d-furniture`` package.
        most: Models of one name that are kept.

    Raises:
        SourceError: No library lies in the folder.
    """
    archives = sorted(folder.rglob("*.sh3f"))
    if not archives:
        raise SourceError(f"Expected .sh3f libraries under {folder}; found none. Delete the folder and fetch it again.")
    counts: Counter[str] = Counter()
    models = []
    for archive in archives:
        for entry in entries(archive):
            name = furniture_name(entry["name"])
            if name is None or counts[name] >= most:
                continue
            counts[name] += 1
            models.append(described(archive, name, entry))
    return tuple(models)


def render(
    models: Sequence[Model],
    into: Path,
    *,
    seconds: float = 600.0,
    shots: Mapping[str, Sequence[Shot]] | None = None,
    side: int = SIDE,
) -> None:
    """Render every model under each of its shots into ``into/{id}_{view}.png``; what is there already is kept.

    Pictures are cropped to what is visible. A model that shows next to nothing, or whose file VTK cannot stand, leaves
    empty files. The work is done in a process of its own, started again when a model ends it.

    Args:
        models: Models of `catalogue`.
        into: Folder for the pictures.
        seconds: Stop after this long; a later call goes on.
        shots: Of each model, by its id; `VIEWS` where not given.
        side: Of a picture before cropping, pixels.

    Raises:
        SourceError: pyvista is missing.
    """
    if importlib.util.find_spec("pyvista") is None:
        raise SourceError("Rendering furniture needs pyvista; it is not installed. Run: make app")
    into.mkdir(parents=True, exist_ok=True)
    stop = time.time() + seconds
    while (todo := [m for m in models if not _picture(into, m, 0).exists()]) and time.time() < stop:
        child = multiprocessing.get_context("spawn").Process(
            target=_render_all, args=(todo, into, stop, shots or {}, side)
        )
        child.start()
        child.join()
        if child.exitcode == 1:
            raise SourceError(
                "Expected pyvista to render off screen; it failed with the message above. Is libegl1 there?"
            )


def pictures(models: Sequence[Model], into: Path, views: int = len(VIEWS)) -> Iterator[tuple[Model, int, Path]]:
    """Yield model, view number and file of every usable rendering."""
    for model in models:
        for view in range(views):
            path = _picture(into, model, view)
            if path.exists() and path.stat().st_size:
                yield model, view, path


def _picture(into: Path, model: Model, view: int) -> Path:
    return into / f"{model.id}_{view}.png"


def entries(archive: Path) -> list[dict[str, str]]:
    """What the catalogue of an archive says of each of its models."""
    with zipfile.ZipFile(archive) as pack:
        text = pack.read("PluginFurnitureCatalog.properties").decode("latin-1")
    entries: dict[int, dict[str, str]] = defaultdict(dict)
    for key, number, value in re.findall(r"^(\w+)#(\d+)=(.*)$", text, flags=re.M):
        entries[int(number)][key] = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), value).strip()
    return [entries[number] for number in sorted(entries)]


def described(archive: Path, name: str, entry: dict[str, str]) -> Model:
    """The model of a catalogue entry under an English name."""
    licence, where = LIBRARIES[archive.stem]
    creator = entry.get("creator") or where
    by = creator if creator == where else f"{creator} ({where})"
    words = re.findall(r"[a-z]+", f"{entry.get('tags', '')} {entry['category']}".lower())
    return Model(
        id=f"{archive.stem}-{Path(entry['model']).stem}".lower().replace(" ", "_"),
        name=name,
        title=entry["name"],
        keywords=tuple(w for w in words if w not in ("blend", "swap", "miscellaneous", "room", "and")),
        archive=archive,
        obj=entry["model"].lstrip("/"),
        size=(float(entry["width"]), float(entry["height"]), float(entry["depth"])),
        rotation=tuple(float(v) for v in entry.get("modelRotation", "1 0 0 0 1 0 0 0 1").split()),
        licence=licence,
        credit=f"“{entry['name']}” by {by}, {licence}, from the Sweet Home 3D furniture library {archive.stem}",
    )


def _render_all(models: list[Model], into: Path, stop: float, shots: Mapping[str, Sequence[Shot]], side: int) -> None:
    plotter = _plotter(side)
    for model, obj in _extracted(models):
        if time.time() > stop:
            return
        own = shots.get(model.id, VIEWS)
        for view in range(len(own)):
            _picture(into, model, view).touch()
        for view, pixels in enumerate(_views(plotter, model, obj, own)):
            _save(pixels, _picture(into, model, view))


def _plotter(side: int) -> pyvista.Plotter:
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")
    logging.disable()
    import pyvista

    pyvista.vtk_verbosity("off")
    return pyvista.Plotter(off_screen=True, window_size=(2 * side, 2 * side), lighting="light kit")


def _extracted(models: list[Model]) -> Iterator[tuple[Model, Path]]:
    """Yield each model with its OBJ on disk; whole folders are unpacked, for materials and textures."""
    by_archive: dict[Path, list[Model]] = defaultdict(list)
    for model in models:
        by_archive[model.archive].append(model)
    for archive, group in by_archive.items():
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(archive) as pack:
                pack.extractall(folder)
            for model in group:
                yield model, Path(folder) / model.obj


def _views(plotter: pyvista.Plotter, model: Model, obj: Path, shots: Sequence[Shot]) -> Iterator[np.ndarray]:
    """Yield one RGBA picture, uint8 (2 side, 2 side, 4), for each shot."""
    plotter.clear_actors()
    material = obj.with_suffix(".mtl")
    plotter.import_obj(obj, material if material.exists() else None)
    turn = np.eye(4)
    turn[:3, :3] = np.reshape(model.rotation, (3, 3))
    _plain_light(plotter)
    _set_matrix(plotter, turn)
    low, high = np.reshape(plotter.renderer.ComputeVisiblePropBounds(), (3, 2)).T
    stretch = np.array(model.size) / np.maximum(high - low, 1e-6)
    _set_matrix(plotter, np.diag([*(stretch / stretch.max()), 1.0]) @ turn)
    for shot in shots:
        plotter.view_xy()  # type: ignore[call-arg]  # PyVista's decorators hide self
        plotter.camera.azimuth, plotter.camera.elevation = shot.azimuth, shot.elevation
        _light(plotter, shot)
        plotter.reset_camera()  # type: ignore[call-arg]
        plotter.renderer.reset_camera_clipping_range()
        yield np.asarray(plotter.screenshot(transparent_background=True, return_img=True))


def _light(plotter: pyvista.Plotter, shot: Shot) -> None:
    """Light evenly, or with one strong lamp and a weak light from the camera."""
    if shot.lamp is None:
        return
    import pyvista

    plotter.remove_all_lights()
    across, up = np.radians(shot.lamp)
    position = np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)  # right, up, towards the camera
    plotter.add_light(pyvista.Light(position=position, light_type="camera light", intensity=0.85))
    plotter.add_light(pyvista.Light(light_type="headlight", intensity=0.4))


def _plain_light(plotter: pyvista.Plotter) -> None:
    """Give all materials the same share of ambient light: many files ask for full, which burns them out."""
    for actor in plotter.renderer.actors.values():
        surface = actor.GetProperty()
        surface.SetAmbientColor(surface.GetDiffuseColor())
        surface.SetAmbient(0.18)
        surface.SetDiffuse(0.82)
        surface.SetSpecular(0.12)
        if surface.GetOpacity() < 0.02:
            surface.SetOpacity(1.0)


def _set_matrix(plotter: pyvista.Plotter, matrix: np.ndarray) -> None:
    """Place every actor of the model by a (4, 4) matrix; the OBJ importer leaves plain VTK actors."""
    from pyvista import vtkmatrix_from_array

    for actor in plotter.renderer.actors.values():
        actor.SetUserMatrix(vtkmatrix_from_array(matrix))


def _save(pixels: np.ndarray, path: Path) -> None:
    """Halve with premultiplied alpha, lift dark pictures, crop and write; an empty file if little shows."""
    rgb, alpha = pixels[..., :3] / 255.0, pixels[..., 3:] / 255.0
    side = len(pixels) // 2
    folded = np.concatenate([rgb * alpha, alpha], -1).reshape(side, 2, side, 2, 4).mean((1, 3))
    alpha = folded[..., 3]
    solid = alpha > 0.5
    if solid.mean() < 0.02 or solid.sum() < 0.35 * (alpha > 0.02).sum():
        path.touch()
        return
    rgb = np.clip(EXPOSURE * folded[..., :3] / np.maximum(alpha[..., None], 1e-4), 0, 1)
    level = float(np.median(rgb[solid].mean(-1)))
    if level < 0.35:
        rgb = rgb ** max(np.log(0.35) / np.log(max(level, 0.02)), 0.55)
    image = Image.fromarray((np.clip(np.concatenate([rgb, alpha[..., None]], -1), 0, 1) * 255 + 0.5).astype(np.uint8))
    image.crop(image.getchannel("A").point(lambda a: 255 * (a > 24)).getbbox()).save(path)
