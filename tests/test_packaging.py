"""What is installed: one list of packages, all files found anywhere, extras only where they are needed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from xviz import places

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]


def listed(name: str) -> set[str]:
    """The packages of a list for pip."""
    lines = (ROOT / name).read_text(encoding="utf-8").split("\n")
    return {line for line in lines if line and not line.startswith(("-r ", "#"))}


def extra(name: str) -> set[str]:
    """The packages of an extra, and of those that it takes in."""
    packages: set[str] = set()
    for package in EXTRAS[name]:
        taken = re.fullmatch(r"xviz\[([\w,]+)\]", package)
        packages |= set().union(*(extra(extra_name) for extra_name in taken[1].split(","))) if taken else {package}
    return packages


def test_both_lists_name_the_same_packages() -> None:
    assert set(PROJECT["project"]["dependencies"]) | extra("app") == listed("requirements.txt")
    assert extra("dev") == listed("requirements.txt") - set(PROJECT["project"]["dependencies"]) | listed(
        "requirements-dev.txt"
    )
    assert not set(PROJECT["project"]["dependencies"]) & extra("app")


def test_the_wheel_takes_along_what_stands_beside_the_package() -> None:
    taken = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {"app.py", "pages", "checkpoints", ".streamlit/config.toml"} <= set(taken)
    for source, inside in taken.items():
        assert (ROOT / source).exists()
        assert inside == f"xviz/shipped/{source}"
    assert not (ROOT / "xviz/shipped").exists(), "in a checkout, it would hide the files beside the package"
    assert all((ROOT / name).is_file() for name in PROJECT["project"]["license-files"])


def test_places_are_those_of_the_checkout() -> None:
    assert places.ROOT == ROOT
    assert places.APP.is_file()
    assert (places.CHECKPOINTS / "manifest.toml").is_file()
    assert (places.SAMPLES / "mmca/samples.json").is_file()
    assert places.RESULTS == places.CHECKPOINTS


def test_places_are_inside_once_installed(tmp_path: Path) -> None:
    """A package beside nothing, as in a folder of installed packages."""
    package = tmp_path / "xviz"
    (package / "shipped").mkdir(parents=True)
    for name in ("__init__.py", "places.py"):
        (package / name).write_bytes((ROOT / "xviz" / name).read_bytes())
    code = "from xviz import places; print(places.APP, places.CHECKPOINTS, places.RESULTS, sep='|')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    app, checkpoints, results = done.stdout.strip().split("|")
    assert Path(app) == package / "shipped/app.py"
    assert Path(checkpoints) == package / "shipped/checkpoints"
    assert results == ".", "never into an installed package"


@pytest.mark.parametrize("source", sorted((ROOT / "xviz").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_one_place_knows_where_files_lie(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    asks_for_code = source.name == "foreign.py"  # which code is ours, not where a file lies
    assert source.name == "places.py" or asks_for_code or "__file__).parents" not in text


def test_what_no_extra_names_is_enough_without_the_app() -> None:
    """Models, methods and figures of pictures and sounds import none of the extras' packages."""
    blocked = ("streamlit", "mne", "pandas", "pyvista", "laspy", "lazrs", "lzf", "pytest")
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({blocked}))\n"
        "import xviz.cli, xviz.engine, xviz.explain, xviz.export, xviz.record, xviz.figures.recipes\n"
        "from xviz.core.errors import SampleError\n"
        "from xviz.data.shipped import samples\n"
        "from xviz.places import SAMPLES\n"
        "samples('mmca')[0].load(); samples('mmvit')[0].load()\n"
        "for call in (lambda: xviz.read(SAMPLES / 'mca/S001R02.edf'), lambda: xviz.read(SAMPLES / 'mit/kinect.zip')):\n"
        "    try: call()\n"
        "    except SampleError as error: assert 'pip install' in str(error), error\n"
        "    else: raise AssertionError('no extra was needed')\n"
        "try: xviz.cli.main(['app'])\n"
        "except SystemExit as left: assert 'xviz[app]' in str(left.code), left.code\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
