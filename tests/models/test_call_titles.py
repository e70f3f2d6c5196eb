"""Every attention that a model has is titled on its card, in the order in which it happens."""

from __future__ import annotations

import pytest
import torch

from xviz.core.attention import Attend
from xviz.models import CARDS
from xviz.models.card import ModelCard


def attentions(card: ModelCard) -> set[str]:
    with torch.device("meta"):
        module = card.build(card.settings)
    return {name.removesuffix(".attend") for name, part in module.named_modules() if isinstance(part, Attend)}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_every_attention_has_a_title_of_its_own(card: ModelCard) -> None:
    assert set(card.calls) == attentions(card)
    assert len({title.title for title in card.calls.values()}) == len(card.calls)


def test_titles_say_from_where_to_where_attention_goes() -> None:
    calls = {card.key: card.calls for card in CARDS}
    assert calls["mca"]["de_to_psd"].title == "Attention from DE to PSD"
    assert calls["mmca"]["joint.0.attention"].title == "Joint attention, layer 1"
    assert calls["mmvit"]["stage1.block1.joint"].title == "Stage 1, block 1: all views at once"
    assert calls["mit"]["decoder.1.cross"].title == "Decoder, layer 2: photos to points"
    assert calls["mit"]["points_encoder.0"].title == "Encoder of points, layer 1"


def test_a_gate_is_a_context_value_of_the_model() -> None:
    for card in CARDS:
        gates = {title.gate for title in card.calls.values() if title.gate}
        stages = len(getattr(card.settings, "stages", ()))
        assert gates <= {f"cross_{stage + 1}" for stage in range(stages)}
        assert bool(gates) == (card.key.startswith("mmvit"))
