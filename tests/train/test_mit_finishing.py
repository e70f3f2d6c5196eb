"""The last stage: what photos add to pseudo labels, and what training it leaves as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.train.test_mit_linking import COLOURED, room_of
from xviz import checkpoints
from xviz.models.mit import MIT
from xviz.train.mit import compare_second, finishing
from xviz.train.mit.finishing import SECOND, finished, train_second
from xviz.train.mit.labelling import labels_of, remember_usual, said_of
from xviz.train.mit.second import first_map
from xviz.train.mit.steps import Recipe

SAYING = replace(COLOURED, photos_say=0.5)
BRIEF = Recipe(second_epochs=8, batch=2, listed=0.0, sure=0.0)


def model() -> MIT:
    torch.manual_seed(0)
    return MIT(SAYING).eval()


def test_photos_that_are_sure_name_what_points_are_not() -> None:
    made, room = model(), room_of(3)  # red and green
    share = torch.full((room.cut.supervoxels, 4), 0.25)
    share[5] = torch.tensor([0.01, 0.97, 0.01, 0.01])
    made.get_buffer("usual_views").copy_(share.mean(0))
    assert labels_of(made, room, BRIEF, share)[5] == 1
    without = labels_of(made, room, replace(BRIEF, photos_label=0.0), share)
    assert (without == labels_of(made, room, BRIEF, None)).all()
    named = (first_map(made, room) * room.tags).argmax(1)
    assert (without == named).mean() > 0.9  # but for one of each class that the room has


def test_usual_is_the_mean_of_what_photos_say() -> None:
    made = model()
    said = [said_of(made, room_of(number)) for number in range(3)]
    remember_usual(made, said)
    known = torch.cat([part for part in said if part is not None])
    torch.testing.assert_close(made.get_buffer("usual_views"), known.mean(0))
    torch.testing.assert_close(known.sum(1), torch.ones(len(known)))


def test_only_the_second_stage_learns_and_it_begins_anew() -> None:
    made = model()
    before = {name: tensor.detach().clone() for name, tensor in made.state_dict().items()}
    log = finished(made, [room_of(number) for number in range(4)], [room_of(5)], BRIEF)
    after = made.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {name for name in moved if not name.startswith(SECOND)} == {"usual_views"}
    assert {name for name, _ in made.named_parameters() if name.startswith(SECOND)} <= moved
    assert set(log) == {"pseudo", "second"}
    assert len(log["second"]) == 8


def test_a_former_second_stage_may_help_to_name() -> None:
    made, room = model(), room_of(0)
    assert made.classify_second is not None
    with torch.no_grad():
        made.classify_second.weight.zero_()
        made.classify_second.bias.copy_(torch.tensor([-9.0, 9.0, 0.0, 0.0]))
    assert (labels_of(made, room, replace(BRIEF, former=1.0), None) == 1).mean() > 0.9


def test_training_goes_on_from_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start, out = tmp_path / "start.safetensors", tmp_path / "out.safetensors"
    checkpoints.save(MIT(COLOURED), start, half=False)  # weights of before: photos had no say
    start.with_suffix(".log.json").write_text(json.dumps({"first": [1], "recipe": {}}), encoding="utf-8")
    monkeypatch.setattr(finishing, "rooms", lambda *_, limit: [room_of(number) for number in range(2)])
    train_second(tmp_path, out, BRIEF, SAYING, start)
    was, now = checkpoints.read(start), checkpoints.read(out)
    for name, tensor in was.items():
        if not name.startswith(SECOND):
            np.testing.assert_allclose(tensor, now[name], rtol=1e-3, atol=1e-4)
    log = json.loads(out.with_suffix(".log.json").read_text(encoding="utf-8"))
    assert log["first"] == [1]
    assert log["settings"]["photos_say"] == 0.5
    assert {"pseudo", "second", "second recipe"} <= log.keys()


def test_photos_are_compared_over_seeds_and_nothing_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, start = tmp_path / "mit.json", tmp_path / "start.safetensors"
    record.write_text("{}", encoding="utf-8")
    checkpoints.save(model(), start, half=False)
    asked: list[tuple[str, int]] = []
    trained = compare_second.finished

    def finished_(made: MIT, *args: object) -> dict:
        asked.append((str(args[2].photos_label), args[2].seed))  # type: ignore[attr-defined]
        return trained(made, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(compare_second, "RECORD", record)
    monkeypatch.setattr(compare_second, "SHIPPED", SAYING)
    monkeypatch.setattr(compare_second, "finished", finished_)
    monkeypatch.setattr(compare_second, "rooms", lambda *_, limit=0: [room_of(number) for number in range(2)])
    for seeds in ((0,), (0, 1)):
        compare_second.compare(tmp_path, start, seeds, BRIEF)
    assert asked == [("0.0", 0), ("0.7", 0), ("0.0", 1), ("0.7", 1)]
    forms = json.loads(record.read_text(encoding="utf-8"))["photos otherwise"]["forms"]
    assert set(forms) == {"points alone", "points and photos"}
    for seeds_of in forms.values():
        assert set(seeds_of) == {"0", "1"}
        assert set(seeds_of["0"]) == {"pseudo labels", "points alone", "points and photos"}
