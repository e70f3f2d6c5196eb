"""Figures that several tests look at."""

from __future__ import annotations

import pytest
from cats import make_match, pair_of


@pytest.fixture(scope="session")
def pair():
    """The cat and its sentence."""
    return pair_of()


@pytest.fixture(scope="session")
def figure():
    """A small figure for Nature."""
    return make_match("nature-single")
