"""The models: one card each, in the order in which people meet them (``xviz.house``)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from xviz.house import TABLE
from xviz.models.card import ModelCard

CARDS: tuple[ModelCard, ...] = tuple(card for entry in TABLE.values() for card in import_module(entry.module).CARDS)
MODELS: Mapping[str, ModelCard] = MappingProxyType({card.key: card for card in CARDS})  #: key → card
