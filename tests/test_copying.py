"""A figure as a command and as Python: both, run as they are copied, draw the same scores again."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from xviz import cli, copying
from xviz.figures.figure import read_provenance, read_record

OWN = "examples/captioner.py:SPEC"
CASES = [
    ("mmca", ["dog-house-salt", "--picked", "pieces:2", "--without", "regions:3-5,9", "--set", "alpha=1"], "match"),
    (OWN, ["A red square", "--method", "look", "--method", "occlusion", "--picked", "words:2"], "tokens"),
]


@pytest.mark.parametrize(("model", "words", "kind"), CASES, ids=["mmca", "own"])
def test_what_is_copied_draws_the_same_again(
    model: str, words: list[str], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = tmp_path / "first.svg"
    cli.main(["figure", model, *words, "--figure", kind, "--out", str(figure)])
    record, provenance = read_record(figure.read_bytes()), read_provenance(figure.read_bytes())
    line = copying.command(provenance, record["recipe"]).replace("captioner.py", "examples/captioner.py")
    words = shlex.split(line.replace("figure.pdf", str(tmp_path / "again.svg")))
    assert words[:2] == ["xviz", "figure"]
    cli.main(words[1:])
    again = read_record((tmp_path / "again.svg").read_bytes())
    assert again["recipe"]["scores"] == record["recipe"]["scores"]
    assert again["caption"] == record["caption"]
    code = copying.python(provenance, record["recipe"]).replace("captioner.py", "examples/captioner.py")
    exec(compile(code.replace("figure.pdf", str(tmp_path / "python.svg")), "copied", "exec"), {})
    python = read_record((tmp_path / "python.svg").read_bytes())
    assert python["recipe"]["scores"] == record["recipe"]["scores"]
