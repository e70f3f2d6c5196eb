"""Every layer and head at a glance: rows as the model used them, mass and entropy restated, no maximum is lost."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.pages.strangers import BOXES, HEAD, PHOTOS, SERIES, SOUND, THREE
from xviz import engine
from xviz.core.forms import Words, form
from xviz.core.grounds import Source
from xviz.core.run import Inputs
from xviz.core.sample import Picture, Sample
from xviz.core.tokens import PatchGrid, leaves
from xviz.draw.scale import sequential
from xviz.drawings.multiples import multiples
from xviz.drawings.payload import unpack
from xviz.explain.glance import CELLS, LONG, entropy, glance, small


def run_of(spec):
    sample = next(iter(spec.samples().values()))
    run = engine.run(engine.built(spec), sample)
    source = Source(sample, run.inputs)
    return run, {leaf.name: form(leaf, source) for space in run.spaces.values() for leaf in leaves(space)}


@pytest.mark.parametrize("spec", [PHOTOS, SERIES, HEAD, BOXES, SOUND, THREE], ids=lambda spec: spec.title)
def test_maps_mass_and_entropy_are_those_of_the_row(spec) -> None:
    run, forms = run_of(spec)
    space = leaves(run.spaces[run.calls[0].queries])[0].name
    at_a_glance = glance(run, forms, space, (1,))
    assert at_a_glance.asking
    for call, layer in zip(at_a_glance.calls, at_a_glance.layers, strict=True):
        rows = call.rows().double().numpy()[:, 1]
        for head, row in enumerate(rows):
            bits = -sum(w * math.log2(w) for w in row if w > 0)
            assert layer.entropy[head] == pytest.approx(bits, abs=1e-5)
            assert layer.mass[head] == pytest.approx(1.0, abs=1e-5)
            cuts = np.cumsum([len(leaf) for leaf in leaves(run.spaces[call.keys])])[:-1]
            parts = zip(leaves(run.spaces[call.keys]), np.split(row, cuts), strict=True)
            most = max(np.nanmax(forms[leaf.name].painted(part)) for leaf, part in parts)  # a word has its pieces' sum
            assert np.nanmax(layer.maps[head]) == pytest.approx(most, rel=1e-6)
        assert layer.most == pytest.approx(math.log2(rows.shape[1]))


def test_a_key_is_shown_with_the_weights_that_it_gets() -> None:
    run, forms = run_of(PHOTOS)
    at_a_glance = glance(run, forms, "patches", (5, 6))
    assert not at_a_glance.asking
    columns = run.calls[1].rows().double().numpy()[:, :, [5, 6]].sum((1, 2))
    np.testing.assert_allclose(at_a_glance.layers[1].mass, columns, rtol=1e-6)


def test_entropy_of_nothing_and_of_one_is_none() -> None:
    np.testing.assert_array_equal(entropy(np.array([[0.0, 0, 0], [0, 2, 0], [1, 1, 0]])), [0, 0, 1])


@pytest.mark.parametrize("side", [(40, 30), (3, 100)])
def test_large_grids_are_pooled_to_the_strongest(side: tuple[int, int]) -> None:
    source = Source(
        Sample("s", {"a": Picture(np.zeros((60, 90, 3), np.uint8)), "b": Picture(np.zeros((60, 90, 3), np.uint8))}),
        Inputs.of(),
    )
    for names in (("a",), ("a", "b")):
        space = PatchGrid("p", names, side)
        scores = np.zeros(len(space))
        scores[len(space) - 7] = 5.0
        pooled = small(form(space, source), scores)
        assert np.nanmax(pooled) == 5.0
        assert max(pooled.shape) <= CELLS * len(names) + len(names)


@pytest.mark.parametrize("count", [1, 5, LONG, LONG + 1, 5000])
def test_long_rows_break_into_lines(count: int) -> None:
    scores = np.random.default_rng(0).random(count)
    shown = Words(labels=tuple(map(str, range(count))), of_token=np.arange(count))
    lines = small(shown, scores)
    assert lines.shape[1] <= LONG
    assert lines.size <= 2 * LONG * LONG
    assert np.nanmax(lines) == scores.max()


def test_the_drawing_sends_few_bytes_and_says_the_most_concentrated_head() -> None:
    run, forms = run_of(PHOTOS)
    at_a_glance = glance(run, forms, "words", (1,))
    every = np.concatenate([layer.maps.ravel() for layer in at_a_glance.layers])
    drawing = multiples(at_a_glance.layers, scale=sequential(every, label="attention weight"), selected=(1, 3))
    header, arrays = unpack(drawing.payload)
    assert drawing.shape == (2, 4)
    assert drawing.resolve([1, 3]) == (1, 3)
    assert [layer["heads"] for layer in header["layers"]] == [2, 4]
    assert arrays["level"].size == every.size < 20_000
    least = min((layer.entropy[h], layer.title, h) for layer in at_a_glance.layers for h in range(len(layer.mass)))
    assert f"Most concentrated: {least[1]}, head {least[2] + 1}" in drawing.alt
    assert len(drawing.table) == 1 + 6
