"""The command line: every task is found, explains itself, and is named rightly wherever a text names it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from xviz import cli, train
from xviz.checkpoints import manifest
from xviz.train.tasks import tasks

ROOT = Path(__file__).parents[1]
TASKS = tasks()
TEXTS = [
    *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "checkpoints").glob("*.md"),
    ROOT / "checkpoints/manifest.toml", *(ROOT / "benchmarks").glob("*.md"), *(ROOT / "xviz").rglob("*.py"),
]  # fmt: skip
COMMANDS = {
    "app", "batch", "compare", "completion", "explain", "figure", "make", "measure", "report", "reproduce", "samples",
    "size", "statistics", "train",
}  # fmt: skip
TASKS_OF = {"compare", "make", "measure", "samples", "train"}


def help_of(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    with pytest.raises(SystemExit) as left:
        cli.main([*command, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["make", "--help"], ["app", "--help"]])
def test_help_is_quick(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from xviz import cli\n"
        f"try: cli.main({arguments})\n"
        "except SystemExit: pass\n"
        "sys.exit(str([m for m in ('torch', 'numpy', 'streamlit', 'matplotlib') if m in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stderr.strip() == ""
    assert "usage: xviz" in done.stdout


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    listed = set(re.findall(r"^    (\w+)(?:  |$)", help_of(capsys), re.MULTILINE))
    assert listed >= COMMANDS


def test_every_checkpoint_can_be_made_anew() -> None:
    for command in ("train", "measure", "samples"):
        assert {task.name for task in TASKS if task.command == command} >= set(manifest())
    assert len({(task.command, task.name) for task in TASKS}) == len(TASKS)
    assert {task.command for task in TASKS} <= COMMANDS


@pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.command} {task.name}")
def test_every_task_explains_itself(task, capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys, task.command, task.name)
    assert text.startswith(f"usage: xviz {task.command} {task.name} ")
    for option in re.findall(r"^  (--[\w-]+)(.*(?:\n {8,}.*)*)", text, re.MULTILINE):
        assert re.search(r" {2,}\S", option[1]), f"{option[0]} is not explained"


def recipes() -> Iterator[tuple[str, type]]:
    """Every training with its recipe, which lies beside its commands."""
    for module in walk_packages(train.__path__, "xviz.train."):
        if module.name.endswith(".commands"):
            recipe = import_module(module.name.replace(".commands", ".recipe")).Recipe
            yield from ((task.name, recipe) for task in import_module(module.name).TASKS if task.command == "train")


@pytest.mark.parametrize(("name", "recipe"), list(recipes()))
def test_every_number_of_a_recipe_is_an_argument_with_a_note(
    name: str, recipe: type, capsys: pytest.CaptureFixture[str]
) -> None:
    text = " ".join(help_of(capsys, "train", name).split())
    for this in fields(recipe):
        note = re.search(rf"--{this.name.replace('_', '-')} [A-Z]+ ([^(].*?) \(default (.*?)\)", text)
        assert note, f"{this.name} is not explained"
        assert note[2] == repr(this.default)


def test_the_command_line_knows_no_model_by_name() -> None:
    for path in [ROOT / "xviz/cli.py", ROOT / "xviz/train/tasks.py", *(ROOT / "xviz/commands").glob("*.py")]:
        if path.name != "size.py":
            text = path.read_text(encoding="utf-8")
            assert not [name for name in manifest() if re.search(rf"\b{name}\b", text)], path


def named() -> Iterator[tuple[Path, str, str]]:
    """Every “xviz COMMAND NAME” in a document or source."""
    for path in TEXTS:
        for command, name in re.findall(r"\bxviz (\w+) ([\w-]+)", path.read_text(encoding="utf-8")):
            if command in TASKS_OF:
                yield path, command, name


def test_every_command_that_a_text_names_is_there() -> None:
    there = {(task.command, task.name) for task in TASKS}
    placeholders = {"NAME", "SET", "MODEL", "--help", "and", "can"}
    wrong = [
        f"{path.relative_to(ROOT)}: xviz {command} {name}"
        for path, command, name in named()
        if (command, name) not in there and name not in placeholders
    ]
    assert not wrong
    assert len(list(named())) > 30


def test_every_option_that_a_document_gives_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of code blocks, each a whole command."""
    lines = [
        line.split("  #")[0].strip()
        for path in TEXTS
        if path.suffix == ".md"
        for block in re.findall(r"^```\w*\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if re.match(r"xviz (make|train|measure|compare|samples) ", line)
    ]
    assert len(lines) > 15
    for line in lines:
        _, command, name, *words = line.split()
        text = help_of(capsys, command, name)
        assert all(f"{word} " in text for word in words if word.startswith("--")), line


def test_nothing_is_run_by_its_module() -> None:
    """Tasks have one door."""
    for path in [*(ROOT / "xviz/train").rglob("*.py"), *(ROOT / "xviz/train").rglob("*.md")]:
        assert "__main__" not in path.read_text(encoding="utf-8"), path


def test_the_app_gets_options_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    passed_on: list[list[str]] = []
    monkeypatch.setattr("xviz.ui.serve.serve", passed_on.append)
    options = ["--server.port", "8502", "--weights", "mca=a b.safetensors", "--server.headless=true"]
    cli.main(["app", *options])
    assert passed_on == [options]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["size", "large"], "unknown arguments: large"),
        (["train", "mmca", "--data", ".", "--set", "wide"], "Expected --set NAME=VALUE; got “wide”"),
        (["train", "mmca", "--data", ".", "--set", "wide=1"], "no setting “wide”"),
        (["train", "mmca", "--data", ".", "--set", "width=broad"], "“broad” is not"),
        (["train", "mmvit-digits", "--data", "."], "xviz make voices"),
        (["measure", "mca", "--data", "."], "Name it with --real"),
    ],
)
def test_what_can_be_put_right_is_told_in_one_line(arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert str(left.value.code).startswith("xviz: ")
    assert message in str(left.value.code)


def test_a_missing_program_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    for task, package in (("voices", "espeak-ng"), ("notes", "fluidsynth")):
        with pytest.raises(SystemExit, match=f"^xviz: .*apt-get install {package}"):
            cli.main(["make", task, "--out", str(tmp_path / task)])
