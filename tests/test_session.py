"""A whole session from Python: what ``import xviz`` offers, its examples, and a figure of every kind of sample."""

from __future__ import annotations

import csv
import doctest
import inspect
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import xviz
from xviz.core.errors import ModelError, SampleError, XvizError
from xviz.core.sample import Eeg, Photos, Picture, PointCloud, Sound
from xviz.engine import Session
from xviz.explain.ask import find
from xviz.figures.figure import read_provenance
from xviz.places import SAMPLES

ROOT = Path(__file__).parents[1]
SENTENCE = "a dog house above a salt shaker"


@pytest.fixture(scope="module")
def matched() -> Session:
    return xviz.run(xviz.load("mmca"), xviz.read(SAMPLES / "mmca/dog-house-salt.jpg", text=SENTENCE))


@pytest.fixture(scope="module")
def recorded() -> Session:
    return xviz.run(xviz.load("mca"), xviz.read(SAMPLES / "mca/S001R02.edf"))


# What is offered


@pytest.mark.parametrize("name", xviz.__all__)
def test_every_name_has_an_example_that_runs(name: str) -> None:
    function = getattr(xviz, name)
    function = function if inspect.isfunction(function) else import_module("xviz.explain").explain
    [test] = doctest.DocTestFinder(recurse=False).find(function, name, globs={})
    assert test.examples, "no example"
    printed: list[str] = []
    failed, _ = doctest.DocTestRunner(verbose=False).run(test, out=printed.append)
    assert not failed, "".join(printed)


@pytest.mark.parametrize("first", ["import xviz", "from xviz.explain import METHODS"])
def test_explain_is_a_function_and_a_package(first: str) -> None:
    code = (
        f"{first}\nimport xviz, xviz.explain.methods.look as look\n"
        "assert callable(xviz.explain) and look.METHOD is xviz.explain.METHODS['look']"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_completion_shows_the_names_and_loads_nothing() -> None:
    code = (
        "import sys, xviz\n"
        "assert set(xviz.__all__) < set(dir(xviz))\n"
        "try: xviz.nothing\n"
        "except AttributeError as error: assert 'figure' in str(error)\n"
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# Reading


@pytest.mark.parametrize(
    ("file", "part", "kind"),
    [
        ("mmca/dog-house-salt.jpg", "picture", Picture),
        ("mmvit/seven.flac", "sound", Sound),
        ("mca/S001R02.edf", "eeg", Eeg),
        ("mca/high-valence-low-arousal.npz", "eeg", Eeg),
        ("mit/kinect.zip", "points", PointCloud),
        ("mit/kinect.zip", "views", Photos),
    ],
)
def test_a_file_of_any_kind_is_read(file: str, part: str, kind: type) -> None:
    sample = xviz.read(SAMPLES / file)
    assert isinstance(sample.parts[part], kind)
    assert sample.name == Path(file).name


def test_several_files_and_a_folder_are_one_room(tmp_path: Path) -> None:
    with zipfile.ZipFile(SAMPLES / "mit/kinect.zip") as held:
        held.extractall(tmp_path)
    whole = xviz.read(SAMPLES / "mit/kinect.zip")
    assert xviz.read(tmp_path).digest == whole.digest
    files = [path for path in tmp_path.rglob("*") if path.suffix in (".ply", ".jpg")]
    assert set(xviz.read(*files).parts) == {"points", "views"}


def test_an_npz_that_is_no_recording_is_tried_as_a_room(tmp_path: Path) -> None:
    np.savez(tmp_path / "cloud.npz", xyz=np.random.default_rng(0).uniform(0, 3, (500, 3)))
    assert set(xviz.read(tmp_path / "cloud.npz").parts) == {"points"}
    np.savez(tmp_path / "other.npz", words=np.zeros(3))
    with pytest.raises(SampleError, match=r"other\.npz cannot be read as eeg: .*; as room: "):
        xviz.read(tmp_path / "other.npz")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.docx").write_bytes(b"words")
    with pytest.raises(SampleError, match=r"ending “\.docx” of notes\.docx is none of \.png"):
        xviz.read(tmp_path / "notes.docx")
    with pytest.raises(SampleError, match="There is no file"):
        xviz.read(tmp_path / "none.png")
    with pytest.raises(SampleError, match="of the kinds picture, sound, eeg, room; “film”"):
        xviz.read(tmp_path / "notes.docx", kind="film")
    with pytest.raises(SampleError, match="needs a file or a text"):
        xviz.read()


# Asking


def test_a_word_is_picked_by_its_name(matched: Session) -> None:
    by_name = xviz.explain(matched, "look", picked="Dog")
    pieces = matched.run.spaces["pieces"].of(1)  # type: ignore[attr-defined]
    assert by_name.focus == ("pieces", pieces)
    by_number = xviz.explain(matched, "look", picked=("pieces", pieces))
    np.testing.assert_array_equal(by_name.scores["regions"], by_number.scores["regions"])
    assert find(matched.run, ("regions", 3)) == ("regions", (3,))


def test_an_electrode_stands_in_two_spaces(recorded: Session) -> None:
    with pytest.raises(ModelError, match=r"“Fz” is in de and in psd. Pick it with its space: \('de', 'Fz'\)"):
        xviz.explain(recorded, picked="Fz")
    assert xviz.explain(recorded, picked=("psd", "fz")).focus == ("psd", (18,))
    assert "The model reads the first 60 of 61 s." in recorded.notes


@pytest.mark.parametrize(
    ("picked", "message"),
    [
        ("cat", "No token is called “cat”. There are .*dog"),
        (("pieces", "cat"), "No token of “pieces” is called “cat”; there are a, dog"),
        (("verbs", 0), "no tokens “verbs” to pick from; there are "),
    ],
)
def test_a_token_that_is_not_there_is_told(matched: Session, picked: object, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        xviz.explain(matched, picked=picked)  # type: ignore[arg-type]


def test_an_unknown_model_method_or_venue_is_told(matched: Session) -> None:
    with pytest.raises(ModelError, match="no model “gpt”; there are mmca, mca"):
        xviz.load("gpt")
    with pytest.raises(ModelError, match="no method “glance”; there are look"):
        xviz.explain(matched, "glance")
    with pytest.raises(XvizError, match="no venue “blog”; there are nature-single"):
        xviz.figure(matched, xviz.explain(matched, picked="dog"), venue="blog")
    with pytest.raises(ModelError, match="needs at least one explanation"):
        xviz.figure(matched)


# Drawing and saving


def test_a_picked_word_becomes_a_pdf_that_knows_its_origin(matched: Session, tmp_path: Path) -> None:
    attention = xviz.explain(matched, "look", picked="dog")
    path = xviz.save(xviz.figure(matched, attention, venue="nature-single"), tmp_path / "new/dog.pdf")
    origin = read_provenance(path.read_bytes())
    assert origin.sample_digest == matched.sample.digest
    assert origin.options["words_asked_by"] == f"region {1 + int(np.argmax(attention.scores['regions']))}"
    assert (tmp_path / "new/dog.pdf.json").is_file()


def test_a_picked_region_takes_the_same_figure_from_the_other_side(matched: Session) -> None:
    figure = xviz.figure(matched, xviz.explain(matched, "look", picked=("regions", 3)))
    assert figure.provenance.options["words_asked_by"] == "region 4"


def test_two_methods_are_compared_and_kept_with_their_numbers(matched: Session, tmp_path: Path) -> None:
    explanations = [xviz.explain(matched, key) for key in ("occlusion", "integrated")]
    path = xviz.save(xviz.figure(matched, *explanations), tmp_path / "two.zip", explanations)
    with zipfile.ZipFile(path) as held:
        assert {"figures/two.pdf", "tables/01_occlusion_regions.csv"} <= set(held.namelist())
    with pytest.raises(ModelError, match="gradcam does not"):
        xviz.figure(matched, explanations[0], xviz.explain(matched, "gradcam"))
    with pytest.raises(ModelError, match="Pick a token"):
        xviz.figure(matched, explanations[0])


def test_scores_are_saved_as_a_table(matched: Session, tmp_path: Path) -> None:
    explanation = xviz.explain(matched, "look", picked="dog")
    with xviz.save(explanation, tmp_path / "dog.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [float(row["score"]) for row in rows if row["space"] == "regions"] == explanation.scores["regions"].tolist()


def test_an_ending_that_does_not_fit_is_told(matched: Session, tmp_path: Path) -> None:
    explanation = xviz.explain(matched, "look", picked="dog")
    with pytest.raises(XvizError, match=r"saved as \.csv; “dog.pdf”"):
        xviz.save(explanation, tmp_path / "dog.pdf")
    with pytest.raises(XvizError, match=r"saved as \.pdf, \.svg, \.png, \.eps or \.zip; “dog.docx”"):
        xviz.save(xviz.figure(matched, explanation), tmp_path / "dog.docx")
    assert not list(tmp_path.iterdir())


def test_electrodes_are_drawn_on_a_head(recorded: Session) -> None:
    figure = xviz.figure(recorded, xviz.explain(recorded, picked=("psd", "Fz")))
    assert "Fz asks" in figure.alt or "Fz" in figure.caption
    with pytest.raises(ModelError, match="one explanation; got 2"):
        xviz.figure(recorded, *[xviz.explain(recorded, picked=("psd", "Fz"))] * 2)


@pytest.mark.parametrize(
    ("model", "file"), [("mmvit", "mmvit/seven.flac"), ("mmvit-objects", "mmvit-objects/bed-table.jpg")]
)
def test_views_are_drawn_for_each_method(model: str, file: str) -> None:
    session = xviz.run(xviz.load(model), xviz.read(SAMPLES / file))
    best = max(session.outputs, key=session.outputs.__getitem__)
    explanations = [xviz.explain(session, key, output=best) for key in ("relevance", "gradient")]
    figure = xviz.figure(session, *explanations, credit="a test")
    assert figure.provenance.options["method"] == "relevance, gradient"
    assert "a test" in figure.caption


def test_a_room_is_drawn_with_links() -> None:
    session = xviz.run(xviz.load("mit"), xviz.read(SAMPLES / "mit/kinect.zip"))
    figure = xviz.figure(session, xviz.explain(session, picked=("supervoxels", 0)))
    assert figure.provenance.options["figure"] == "room"
    assert "supervoxels of the point cloud" in figure.alt
