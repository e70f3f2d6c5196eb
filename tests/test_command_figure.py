"""``xviz explain`` and ``xviz figure``: every kind of sample, model and figure, and what is written wrongly."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from xviz import cli
from xviz.figures.figure import read_record
from xviz.places import SAMPLES

PICTURE = str(SAMPLES / "mmca/dog-house-salt.jpg")
PAIR = ["--part", f"picture={PICTURE}", "--part", "text=a dog house above a salt shaker"]
OWN = ["examples/captioner.py:SPEC", PICTURE]


def test_explain_writes_scores_and_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--method",
        "look",
        "--method",
        "occlusion",
        "--picked",
        "dog",
        "--layer",
        "2",
        "--out",
        str(tmp_path / "r"),
    ]
    cli.main(["explain", "mmca", *PAIR, *words])
    shown = capsys.readouterr().out
    assert "Attention of the picked token (attention weight), for score" in shown
    outputs = json.loads((tmp_path / "r/outputs.json").read_text())
    assert outputs["outputs"]["score"] == pytest.approx(0.351164, abs=1e-4)
    with np.load(tmp_path / "r/scores.npz") as scores:
        assert set(scores) == {f"{m}_{s}" for m in ("look", "occlusion") for s in ("regions", "pieces")}
        assert sum(scores[f"look_{space}"].sum() for space in ("regions", "pieces")) == pytest.approx(1)
        with (tmp_path / "r/look.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert [float(row["score"]) for row in rows[:36]] == scores["look_regions"].tolist()
    manifest = json.loads((tmp_path / "r/manifest.json").read_text())
    assert manifest["questions"][0] == {
        "method": "look", "output": "score", "space": "pieces", "tokens": [1], "call": "joint.0.attention",
    }  # fmt: skip
    assert str(SAMPLES) not in json.dumps(manifest), "a path would tell where somebody works"


def test_explain_tells_programs_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["explain", *OWN, "--method", "occlusion", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert set(told["outputs"]) == {"next word"}
    assert told["explanations"][0]["strongest"][0]["space"] == "words"


def test_tokens_left_out_and_numbers_set_reach_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    def outputs(*words: str) -> dict[str, float]:
        cli.main(["explain", "mmca", *PAIR, "--json", *words])
        told = json.loads(capsys.readouterr().out)
        assert told["provenance"]["options"].get("without") == (
            "regions 0-9, 11" if words[:1] == ("--without",) else None
        )
        return told["outputs"]

    whole = outputs()
    assert outputs("--without", "regions:1-10,12")["joint"] != whole["joint"]
    assert outputs("--set", "alpha=0")["score"] == whole["alone"]


FIGURES = [
    ("mmca", "match", [*PAIR, "--picked", "dog"]),
    ("mmca", "methods", PAIR),
    ("mca", "row", ["eyes-closed", "--picked", "psd:Fz", "--method", "look", "--layer", "psd_to_de", "--head", "3"]),
    ("mca", "heads", ["eyes-closed"]),
    ("mca", "given", ["eyes-closed"]),
    ("mmvit", "methods", ["seven", "--target", "seven", "--method", "received", "--option", "spread=true"]),
    ("mmvit", "attention", ["seven"]),
    ("mmvit", "scores", ["seven", "--method", "gradient"]),
    ("own", "matrix", ["--layer", "2"]),
    ("own", "tokens", ["--method", "look", "--method", "occlusion", "--picked", "words:red"]),
    ("own", "scores", ["--method", "occlusion"]),
]


@pytest.mark.parametrize(("model", "kind", "words"), FIGURES, ids=[f"{m}-{k}" for m, k, _ in FIGURES])
def test_every_figure_is_drawn(
    model: str, kind: str, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = OWN if model == "own" else [model]
    cli.main(
        ["figure", *named, *words, "--figure", kind, "--width", "nature-1", "--out", str(tmp_path / "a.svg"), "--json"]
    )
    told, record = json.loads(capsys.readouterr().out), read_record((tmp_path / "a.svg").read_bytes())
    assert told["millimetres"][0] == pytest.approx(89)
    assert record["recipe"]["figure"] == kind
    assert record["recipe"] == told["recipe"]
    assert record["provenance"]["origin"]
    assert record["caption"] == told["caption"]


def test_several_methods_get_the_figure_of_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--method", "look", "--method", "received", "--picked", "dog", "--width", "nature-1", "--json"]
    cli.main(["figure", "mmca", *PAIR, *words, "--out", str(tmp_path / "a.svg")])
    assert json.loads(capsys.readouterr().out)["figure"] == "methods"


def test_a_figure_of_a_sound_without_a_digit_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hum = 0.1 * np.sin(2 * np.pi * 50 * np.arange(12_800) / 8000)
    wavfile.write(tmp_path / "hum.wav", 8000, (hum * 32767).astype(np.int16))
    own = str(tmp_path / "hum.wav")
    for kind, sample, said in (("attention", own, True), ("scores", own, True), ("attention", "seven", False)):
        cli.main(["figure", "mmvit", sample, "--figure", kind, "--out", str(tmp_path / "a.svg"), "--json"])
        caption = json.loads(capsys.readouterr().out)["caption"]
        assert ("No digit is likely said here: even the most probable one has" in caption) is said


def test_captions_and_programs_are_told_what_the_page_warns_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    french = ["--part", f"picture={PICTURE}", "--part", "text=une niche de chien 🦊 au-dessus d'une salière"]
    fact, advice = "This sentence does not look like English.", "Translate it."
    cli.main(["figure", "mmca", *french, "--out", str(tmp_path / "a.svg"), "--json"])
    caption = json.loads(capsys.readouterr().out)["caption"]
    assert fact in caption
    assert advice not in caption
    assert "nothing for “🦊”: it reads each as the same “unknown” piece." in caption, "no figure draws it in grey"
    cli.main(["explain", "mmca", *french, "--json"])
    unknown, warning = json.loads(capsys.readouterr().out)["warnings"]
    assert warning.startswith(fact)
    assert warning.endswith(advice)
    assert unknown.endswith("the same “unknown” piece, drawn in grey. Say it in other words.")


def test_the_figures_of_a_model_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["figure", "mca", "eyes-closed", "--figure", "list"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "row",
        "heads",
        "given",
        "tokens",
        "glance",
        "matrix",
        "scores",
        "compare",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["explain", "cats"], "There is no model “cats”. There are mmca"),
        (["explain", "mmca"], "A sample is needed: a file, --part NAME=FILE"),
        (["explain", "mmca", "none.jpg"], "There is no file none.jpg"),
        (["explain", "mmca", "none"], "no sample of Image–sentence matching (MMCA) has that name"),
        (["explain", "mmca", "cat", "--method", "guess"], "There is no method “guess”; there are look"),
        (["explain", "mmca", "cat", "--target", "joy"], "no output “joy”; it has score"),
        (["explain", "mmca", "cat", "--method", "look", "--picked", "unicorn"], "No token is called “unicorn”"),
        (["explain", "mmca", "cat", "--method", "look", "--picked", "regions:37"], "36 tokens “regions”"),
        (["explain", "mmca", "cat", "--layer", "9"], "There is no attention “9”; there are 1 regions.0.attention"),
        (["explain", "mmca", "cat", "--head", "0"], "8 heads, counted from 1; there is no head 0"),
        (["explain", "mmca", "cat", "--set", "alpha=much"], "“much” is no number"),
        (["explain", "mmca", "cat", "--set", "beta=1"], "has no number “beta” to set; it has alpha"),
        (["explain", "mmca", "cat", "--without", "regions"], "Expected SPACE:NUMBERS counted from 1"),
        (["explain", "mmca", "--part", "picture"], "Expected --part NAME=FILE"),
        (["figure", "mmca", "cat"], "Say where the figure goes with --out"),
        (["figure", "mmca", "cat", "--out", "a.docx"], "saved as .pdf, .svg, .png, .eps or .zip; “a.docx”"),
        (["figure", "mmca", "cat", "--width", "vogue-2", "--out", "a.pdf"], "There is no venue “vogue-2”"),
        (["figure", "mmca", "cat", "--head", "0", "--out", "a.pdf"], "counted from 1; there is no head 0"),
        (["figure", "mmca", "cat", "--figure", "room", "--out", "a.pdf"], "has no figure “room”; it has match ("),
    ],
)  # fmt: skip
def test_what_is_written_wrongly_is_told_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(words)
    assert str(left.value.code).startswith("xviz: ")
    assert told in str(left.value.code)
    assert "\n" not in str(left.value.code)


def test_progress_is_for_terminals_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    cli.main(["explain", *OWN, "--method", "occlusion"])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    cli.main(["explain", *OWN, "--method", "occlusion"])
    assert "running the model" in capsys.readouterr().err


@pytest.mark.parametrize("said", ["true", "false"])
def test_blocks_of_the_matrix_of_a_match_have_limits_of_their_own_where_asked(said: str, tmp_path: Path) -> None:
    path = tmp_path / "match.svg"
    asked = ["--figure", "match", "--picked", "dog", "--option", f"quadrants={said}", "--out", str(path)]
    cli.main(["figure", "mmca", *PAIR, *asked])
    record = read_record(path.read_bytes())
    assert ("each block on its own limits" in record["caption"]) == (said == "true")


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("xviz exp", {"explain"}),
        ("xviz explain mmv", {"mmvit", "mmvit-instruments", "mmvit-objects"}),
        ("xviz figure mmca --wi", {"--width", "--without"}),
        ("xviz figure mmca --width na", {"nature-1", "nature-2"}),
    ],
)
def test_bash_completes_commands_models_options_and_their_words(
    typed: str, offered: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["completion", "bash"])
    words = typed.split()
    ask = f"COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _xviz; echo ${{COMPREPLY[@]}}"
    told = subprocess.run(
        ["bash", "-c", f"{capsys.readouterr().out}\n{ask}"], capture_output=True, text=True, check=True
    )
    assert set(told.stdout.split()) == offered
