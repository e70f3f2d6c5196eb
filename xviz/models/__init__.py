"""The models: one card each, in the order in which people meet them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xviz.models.card import ModelCard
from xviz.models.mca import MCA_CARD, MCA_PAPER_CARD
from xviz.models.mca_native import MCA_NATIVE_CARD
from xviz.models.mit_cards import MIT_CARD, MIT_PAPER_CARD
from xviz.models.mmca import MMCA_CARD, MMCA_PAPER_CARD
from xviz.models.mmvit_cards import MMVIT_CARD, MMVIT_INSTRUMENTS_CARD, MMVIT_OBJECTS_CARD, MMVIT_PAPER_CARD

CARDS: tuple[ModelCard, ...] = (
    MMCA_CARD,
    MMCA_PAPER_CARD,
    MCA_CARD,
    MCA_PAPER_CARD,
    MMVIT_CARD,
    MMVIT_INSTRUMENTS_CARD,
    MMVIT_OBJECTS_CARD,
    MMVIT_PAPER_CARD,
    MIT_CARD,
    MIT_PAPER_CARD,
)
#: key → card, with the formula of MCA for channels as they are, which stands on the page of MCA
MODELS: Mapping[str, ModelCard] = MappingProxyType({card.key: card for card in (*CARDS, MCA_NATIVE_CARD)})
