"""Figures of what is hard to draw: long names, many words, channels, views and classes, other scripts."""

from __future__ import annotations


def hard(preset):
    return iter(())
