"""The models: one card each, in the order in which people meet them (``xviz.house``)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from xviz.house import TABLE
from xviz.models.card import ModelCard
from xviz.models.mca_native import MCA_NATIVE_CARD

CARDS: tuple[ModelCard, ...] = tuple(card for entry in TABLE.values() for card in import_module(entry.module).CARDS)
#: key → card, with the formula of MCA for channels as they are, which stands on the page of MCA
MODELS: Mapping[str, ModelCard] = MappingProxyType({card.key: card for card in (*CARDS, MCA_NATIVE_CARD)})
