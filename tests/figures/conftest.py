"""Figures that several tests look at."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from cats import make_match, pair_of
from matplotlib.backends import backend_ps


@pytest.fixture(scope="session", autouse=True)
def fonts_measured_once() -> Iterator[None]:
    """matplotlib measures every glyph of a font for each EPS, in two seconds, and always with the same result."""
    measure, known = backend_ps._bounds, {}

    def bounds(font):
        name = font.reader.file.name
        if name not in known:
            known[name] = measure(font)
        return known[name]

    with mock.patch.object(backend_ps, "_bounds", bounds):
        yield


@pytest.fixture(scope="session")
def pair():
    """The cat and its sentence."""
    return pair_of()


@pytest.fixture(scope="session")
def figure():
    """A small figure for Nature."""
    return make_match("nature-single")
