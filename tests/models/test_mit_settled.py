"""What neighbours say of supervoxels, against answers that are known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from tests.models.rooms import TINY
from tests.models.rooms import room as make_room
from xviz.models import mit_settled
from xviz.models.mit import MIT
from xviz.models.mit_cards import prepare
from xviz.models.mit_carried import LEAST
from xviz.models.mit_encode import encode
from xviz.models.mit_settled import ALIKE, FEW, NEAR, ROUNDS, settled

TABLE, CABINET = torch.tensor([0.7, 0.3]), torch.tensor([0.45, 0.55])


def scene(count: int = 40) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    made = torch.Generator().manual_seed(0)
    classes = torch.rand(count, 3, generator=made)
    return classes / classes.sum(1, keepdim=True), torch.rand(count, 3, generator=made) * 3, torch.rand(
        count, 3, generator=made
    )  # fmt: skip


def test_a_piece_of_a_table_is_no_cabinet_by_itself_but_another_thing_stays_one() -> None:
    classes = torch.stack([*[TABLE] * 6, CABINET, CABINET, CABINET])
    places, colours = torch.zeros(9, 3), torch.zeros(9, 3)
    places[:7, 0] = torch.arange(7) * 0.1
    colours[7] = 0.5  # the eighth lies among them in another colour
    places[8] = 5.0  # the ninth is of their colour and far away
    said = settled(classes, places, colours, 4.0)
    torch.testing.assert_close(said.sum(1), torch.ones(9))
    assert said.argmax(1).tolist() == [0] * 7 + [1, 1]
    torch.testing.assert_close(said[7:], classes[7:], atol=0.02, rtol=0)
    assert settled(classes, places, None, 4.0)[7].argmax() == 0  # where nothing is known of colours


def test_it_is_the_mean_field_that_the_docstring_says() -> None:
    classes, places, colours = scene()
    heard = classes
    for _ in range(ROUNDS):
        rows = []
        for i in range(len(classes)):
            total, weights = torch.zeros(3), 0.0
            for j in range(len(classes)):
                if i != j:
                    apart = ((places[i] - places[j]) / NEAR).square().sum() + (
                        (colours[i] - colours[j]) / ALIKE
                    ).square().sum()
                    weight = math.exp(-float(apart) / 2)
                    total, weights = total + weight * heard[j], weights + weight
            rows.append((classes[i] + LEAST).log() + 2.0 * total / (weights + FEW))
        heard = torch.stack(rows).softmax(-1)
    torch.testing.assert_close(settled(classes, places, colours, 2.0), heard, atol=1e-5, rtol=1e-4)
    assert (heard - classes).abs().max() > 0.01


def test_many_hear_in_parts_and_none_where_neighbours_have_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    classes, places, colours = scene()
    whole = settled(classes, places, colours, 4.0)
    monkeypatch.setattr(mit_settled, "AT_ONCE", 7)
    torch.testing.assert_close(settled(classes, places, colours, 4.0), whole)
    assert settled(classes, places, colours, 0.0) is classes


def test_the_predicted_classes_are_those_beside_neighbours() -> None:
    torch.manual_seed(0)
    module = MIT(TINY).eval()
    alone = encode(module, prepare(make_room(), TINY)).context
    heard = MIT(replace(TINY, neighbours_say=4.0)).eval()
    heard.load_state_dict(module.state_dict())
    together = encode(heard, prepare(make_room(), TINY)).context
    torch.testing.assert_close(together["second"], settled(alone["second"], alone["places"], None, 4.0))
    assert (together["second"] - alone["second"]).abs().max() > 1e-4
