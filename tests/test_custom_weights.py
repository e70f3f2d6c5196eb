"""Weights of one's own stand in for shipped ones only where they fit, and no shipped number is said of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from xviz import checkpoints, custom_weights, engine, record
from xviz.checkpoints import FOLDER, OWN
from xviz.core.errors import CheckpointError
from xviz.models import MODELS
from xviz.models.mca import MCA, SHIPPED
from xviz.ui import serve


@pytest.fixture(autouse=True)
def _afterwards() -> Iterator[None]:
    yield
    OWN.clear()


def copied(name: str, folder: Path, **settings: object) -> Path:
    """The shipped weights under another name, and a log that says more settings."""
    path = folder / "mine.safetensors"
    shutil.copy(FOLDER / f"{name}.safetensors", path)
    log = json.loads((FOLDER / f"{name}.log.json").read_text(encoding="utf-8"))
    log["settings"] = log.get("settings", {}) | settings
    path.with_suffix(".log.json").write_text(json.dumps(log), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", [*checkpoints.manifest()])
def test_what_training_wrote_is_taken_and_told(name: str, tmp_path: Path) -> None:
    shipped = record.read(name)
    assert shipped
    custom_weights.use(f"{name}={copied(name, tmp_path)}")
    card = MODELS[checkpoints.manifest()[name].card]
    assert engine.load(card).sha256 == checkpoints.manifest()[name].sha256
    assert "your own file mine.safetensors" in record.line(card)
    assert record.read(name) == {}
    assert record.trust(card, "rollout") is None
    OWN.clear()
    assert record.read(name) == shipped
    assert "your own" not in record.line(card)


def test_a_log_from_before_a_part_of_the_plan_was_known_is_taken(tmp_path: Path) -> None:
    plan = json.loads(json.dumps(asdict(SHIPPED.plan)))
    del plan["de_rest_shift"]
    custom_weights.use(f"mca={copied('mca', tmp_path, plan=plan)}")
    assert "mca" in OWN
    OWN.clear()
    with pytest.raises(CheckpointError, match="plan"):
        custom_weights.use(f"mca={copied('mca', tmp_path, plan={**plan, 'hop': 0.5})}")


def test_other_settings_than_the_cards_are_refused(tmp_path: Path) -> None:
    """They would load, and compute something else."""
    with pytest.raises(CheckpointError, match="standardise"):
        custom_weights.use(f"mca={copied('mca', tmp_path, standardise=True)}")
    assert not OWN


def test_weights_of_another_card_are_refused_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    checkpoints.save(MCA(replace(SHIPPED, channels=SHIPPED.channels[:19])), path)
    with pytest.raises(CheckpointError, match="does not fit the model “mca”"):
        custom_weights.use(f"mca={path}")
    assert not OWN
    path.write_bytes(b"PK not a safetensors file")
    with pytest.raises(CheckpointError, match=r"small\.safetensors"):
        custom_weights.use(f"mca={path}")


@pytest.mark.parametrize(
    ("given", "said"),
    [("mca", "NAME=FILE"), ("vit=x.safetensors", "mmvit-digits"), ("mca=none.safetensors", "no file none.safetensors")],
)
def test_what_is_wrong_is_told_before_the_server_starts(given: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve.cli, "main", lambda: pytest.fail("started"))
    with pytest.raises(SystemExit, match=said):
        serve.serve(["--weights", given])


def test_streamlit_gets_the_other_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(serve.cli, "main", lambda: None)
    monkeypatch.setattr(serve.warm, "start", lambda: None)
    monkeypatch.setattr(serve.sys, "argv", ["xviz"])
    serve.serve(["--server.port", "9", "--weights", f"mca={copied('mca', tmp_path)}"])
    assert serve.sys.argv[3:] == ["--server.port", "9"]
    assert list(OWN) == ["mca"]
