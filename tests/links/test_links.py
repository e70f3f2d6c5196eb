"""``xviz open``: every page comes up in the state that a manifest tells; what cannot be opened is a sentence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

import xviz
from tests.apps import followed
from tests.pages.test_pages import told, turned
from xviz import cli, own_models, results
from xviz.batch import shown
from xviz.core.errors import XvizError
from xviz.explain.ask import Question
from xviz.links.files import source
from xviz.links.link import Link
from xviz.places import SAMPLES
from xviz.plates.plate import asker
from xviz.ui import handed

ROOT = Path(__file__).parents[2]
OWN = str(ROOT / "examples/captioner.py")


@pytest.fixture(autouse=True)
def nothing_handed() -> Iterator[None]:
    yield
    for table in (own_models.SPECS, handed.TABLE, shown.FOLDERS):
        table.clear()


def results_of(folder: Path, model: str, name: str, questions: list[dict], **run) -> Path:
    """A folder of results, as ``xviz explain`` writes it."""
    loaded = xviz.opening.model(model)
    origin = xviz.opening.origin(loaded, [name], [])
    session = xviz.run(loaded, xviz.opening.sample(loaded, origin), **run)
    ask = asker(session)
    answers = [ask(Question.parse({"output": session.run.target, **question})) for question in questions]
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(results.manifest(session, answers)))
    return folder


def opened(link: Link) -> AppTest:
    """The page of a link, as a browser that follows it finds it."""
    return followed(link.page, link.query, link.widgets)


def script(key: str) -> None:
    from xviz.ui.own import page

    page.show(key)


def test_a_pair_is_opened_with_word_layer_head_methods_and_what_is_left_out(tmp_path: Path) -> None:
    look = {"method": "look", "space": "pieces", "tokens": [2], "call": "joint.0.attention", "head": 3}
    asked = [look, {"method": "gradient"}]
    folder = results_of(tmp_path, "mmca", "dog-house-salt", asked, without={"regions": [2, 3]}, alpha=0.5)
    at = opened(source(folder).link())
    state = at.session_state
    assert (state["sample"], state["layer"], state["head"]) == ("Dog house, salt, hat", "joint.0.attention", 4)
    assert (state["method"], state["beside"], state["alpha"]) == ("look", "gradient", 0.5)
    assert state["mmca.masked"] == (2, 3)
    assert state["mmca.selection"].text() == "word-3"


def test_a_recording_is_opened_with_direction_band_window_and_electrode(tmp_path: Path) -> None:
    look = {"method": "look", "space": "psd", "tokens": [18], "call": "psd_to_de", "head": 2}
    folder = results_of(tmp_path, "mca", "eyes-closed", [look, {"method": "gradient"}], output="arousal", window=3.0)
    state = opened(source(folder).link()).session_state
    assert (state["direction"], state["answer"], state["against"]) == ("psd_to_de", "arousal", "gradient")
    assert (state["band"], state["window"]) == ("alpha", "9–12 s")
    assert state["mca.selection"].text() == "electrode-19"


def test_a_sound_is_opened_with_class_methods_block_and_patch(tmp_path: Path) -> None:
    look = {"method": "look", "space": "view1", "tokens": [4], "call": "stage1.block1.joint", "head": 0}
    folder = results_of(tmp_path, "mmvit", "two-five", [look, {"method": "gradient"}], output="five")
    state = turned(opened(source(folder).link()), "Attention between views").session_state
    assert (state["model"], state["mmvit-class"], state["methods"]) == ("mmvit", "five", ["look", "gradient"])
    assert state["one-scale"] is True
    assert (state["mmvit-block"], state["mmvit head of 1"]) == ("stage1.block1.joint", 1)
    assert state["mmvit.selection"].text() == "view1-5"


def test_a_room_is_opened_with_direction_layer_and_supervoxel(tmp_path: Path) -> None:
    look = {"method": "look", "space": "supervoxels", "tokens": [7], "call": "decoder.1.cross_points", "head": 1}
    loaded = xviz.load("mit")
    run = xviz.run(loaded, xviz.opening.sample(loaded, {"shipped": "kinect"})).run
    from xviz.plates.ways import sides

    look["call"] = sides(run)["points"][1]
    folder = results_of(tmp_path, "mit", "kinect", [look])
    state = opened(source(folder).link()).session_state
    assert (state["method"], state["direction"], state["head"]) == ("look", "points", 2)
    assert state[f"layer of {len(sides(run)['points'])}"] == 2
    assert state["mit.selection"].text() == "supervoxel-8"


def test_a_model_of_ones_own_is_opened_on_its_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    look = {"method": "look", "space": "words", "tokens": [2]}
    folder = results_of(tmp_path, f"{OWN}:SPEC", "A red square", [look, {"method": "occlusion"}])
    shutil.copy(OWN, folder)
    cli.main(["open", str(folder), "--print", "--at", "http://here/base"])
    out = capsys.readouterr()
    key, query = next(iter(own_models.SPECS)), parse_qs(urlsplit(out.out.strip()).query)
    assert urlsplit(out.out).path == f"/base/{key}"
    assert query[f"{key}-sample"] == ["A red square"]
    assert query["token"] == ["words-3"]
    assert "started with --model" in out.err
    at = AppTest.from_function(script, kwargs={"key": key}, default_timeout=60)
    for name, values in query.items():
        at.query_params[name] = values[0]
    at.run()
    assert not at.error, told(at)
    assert (at.session_state[f"{key}-method"], at.session_state[f"{key}-beside"]) == ("look", "occlusion")
    assert at.session_state[f"{key}.selection"].text() == "words-3"


def test_own_files_are_opened_where_they_are_named_and_asked_for_where_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "dog.jpg"
    shutil.copy(SAMPLES / "mmca/dog-house-salt.jpg", picture)
    words = ["--part", f"picture={picture}", "--part", "text=a dog house above a salt shaker", "--method", "look"]
    cli.main(["explain", "mmca", *words, "--picked", "salt", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match=r"read from dog\.jpg\. Give it with --sample path/to/dog\.jpg"):
        cli.main(["open", str(tmp_path / "out"), "--print"])
    capsys.readouterr()
    cli.main(["open", str(tmp_path / "out"), "--print", "--sample", str(picture), "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["files"] == ["dog.jpg"]
    assert "token=word-6" in printed["address"]
    link = source(tmp_path / "out").link([picture])
    name = handed.give({"match.picture": (("dog.jpg", picture.read_bytes()),)}, link.widgets)
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    at.query_params["open"] = name
    at.run()
    at = at.switch_page("pages/mmca.py")
    for key, value in link.query.items():
        at.query_params[key] = value
    at.run()
    assert not at.error, told(at)
    assert any("Opened here: dog" in one.value for one in at.caption)
    assert at.session_state["mmca.selection"].text() == "word-6"
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    other.query_params["open"] = "2"
    other.run()
    assert "brought" not in other.session_state, "only what was handed over has a name"


def test_a_batch_and_the_folder_of_results_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch = tmp_path / "digits"
    batch.mkdir()
    (batch / "batch.json").write_text(json.dumps({"xviz_batch": 1}))
    cli.main(["open", str(batch), "--print"])
    out = capsys.readouterr()
    assert out.out.strip() == "http://localhost:8501/dataset?batch=digits"
    assert "--batch" in out.err
    shutil.make_archive(str(tmp_path / "zipped"), "zip", tmp_path, "digits")
    assert list(source(tmp_path / "zipped.zip").link().files) == ["dataset.zip"]


BAD = {
    "newer results": ('{"xviz_results": 99}', "newer xviz"),
    "newer figure": ('{"xviz_figure": 99}', "newer xviz"),
    "newer bundle": ('{"schema_version": 99}', "newer xviz"),
    "another file": ('{"a": 1}', "no manifest of xviz"),
    "damaged": ('{"a": ', "is damaged"),
    "picture without origin": ("<svg></svg>", "this file has none"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_opened_is_a_sentence(name: str, tmp_path: Path) -> None:
    content, sentence = BAD[name]
    path = tmp_path / "manifest.json"
    path.write_text(content)
    with pytest.raises(XvizError, match=sentence):
        source(path)


def test_a_newer_batch_an_empty_folder_and_nothing_at_all_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(XvizError, match="holds neither"):
        source(tmp_path)
    with pytest.raises(XvizError, match="There is no file"):
        source(tmp_path / "nothing.pdf")
    (tmp_path / "batch.json").write_text('{"xviz_batch": 99}')
    with pytest.raises(XvizError, match="newer xviz"):
        source(tmp_path)
    with pytest.raises(SystemExit, match="--print starts no app"):
        cli.main(["open", str(tmp_path), "--print", "--server.port", "8502"])
