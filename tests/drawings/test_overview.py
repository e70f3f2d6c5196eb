"""Matrices too large for a message: streamed overviews and exact parts against the dense matrix."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from xviz.core.attention import AttentionCall
from xviz.draw.pooling import stream
from xviz.draw.scale import sequential
from xviz.drawings import matrix
from xviz.drawings.overview import MOST, Part, overview
from xviz.drawings.payload import unpack
from xviz.plates import pooling

H, D = 3, 4


def call(kind: str, queries: int = 90, keys: int = 70) -> AttentionCall:
    rng = torch.Generator().manual_seed(7)
    q, k, v = (torch.randn(H, n, D, generator=rng, dtype=torch.float64) for n in (queries, keys, keys))
    given = AttentionCall("layer", "a", "b", q, k, v, 0.8)
    if kind == "bias":
        return replace(given, bias=torch.randn(H, queries, keys, generator=rng, dtype=torch.float64))
    if kind == "mask":
        return replace(given, terms=(torch.rand(1, queries, keys, generator=rng) > 0.5,))
    if kind == "groups":
        return replace(given, k=k[:1], v=v[:1], first_key=3)
    return replace(given, causal=0) if kind == "causal" else given


def whole(given: AttentionCall, head: int | None) -> np.ndarray:
    """Every weight at once, in float64."""
    rows = given.rows().numpy()
    return rows.mean(0) if head is None else rows[head]


KINDS = ("plain", "bias", "mask", "groups", "causal")


@pytest.mark.parametrize("head", [None, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_is_that_of_the_whole_matrix(kind: str, head: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "CHUNK", 1000)  # a few rows at a time
    given, part = call(kind), Part(13, 62, 5, 33)
    np.testing.assert_allclose(
        pooling.exact(given, head, part), whole(given, head)[13:62, 5:33], rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("head", [None, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_an_overview_made_of_rows_is_the_pooled_matrix(
    kind: str, head: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pooling, "CHUNK", 1500)
    monkeypatch.setattr(pooling, "MOST", 20)
    given = call(kind)
    labels = [[f"{side}{i}" for i in range(n)] for side, n in (("q", 90), ("k", 70))]
    small, dense = pooling.pooled(given, head, labels), whole(given, head)
    assert (small.tall, small.wide) == (5, 4)
    want = np.array([[dense[i : i + 5, j : j + 4].max() for j in range(0, 70, 4)] for i in range(0, 90, 5)])
    np.testing.assert_allclose(small.weights, want, rtol=1e-12, atol=1e-15)
    assert small.rows[1] == "q5 … q9"
    assert small.columns[-1] == "k68 … k69"


def seen(weights: np.ndarray, origin: str = ""):
    names = [[f"{side}{i}" for i in range(n)] for side, n in zip("rc", weights.shape, strict=True)]
    return overview(stream([weights], weights.shape, MOST), *names, sequential(weights), origin=origin)


def test_a_part_has_the_scale_of_the_whole_and_the_digest_of_its_overview() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(1500), 1200)
    shown = seen(weights)
    part = shown.part([shown.digest, 200, 500, 100, 1100])
    assert part == Part(200, 500, 100, 1100)
    header, arrays = unpack(shown.tile(part, weights[200:500, 100:1100]))
    assert header["id"] == shown.digest == unpack(matrix.large(shown).payload)[0]["still"]
    assert header["part"] == [200, 500, 100, 1100]
    np.testing.assert_array_equal(arrays["level"], shown.scale.quantise(weights)[200:500, 100:1100].ravel())
    np.testing.assert_array_equal(arrays["value"], weights[200:500, 100:1100].astype(np.float32).ravel())
    assert unpack(shown.tile())[0] == {"id": shown.digest, "part": None}


def test_what_is_no_part_of_this_matrix_is_none() -> None:
    weights = np.random.default_rng(0).random((1500, 1100))
    mine, other = seen(weights, "mine"), seen(weights, "another visitor's")
    assert mine.digest != other.digest, "matrices that look the same from afar"
    for sent in (
        None, 3, [], ["x", 0, 1, 0, 1], [other.digest, 0, 10, 0, 10], [mine.digest, 0, 1025, 0, 10],
        [mine.digest, 5, 5, 0, 10], [mine.digest, -1, 5, 0, 10], [mine.digest, 0, 10, 1095, 1101],
        [mine.digest, 0.5, 10, 0, 10], [mine.digest, "0", 10, 0, 10], [mine.digest, float("nan"), 1, 0, 1],
    ):  # fmt: skip
        assert mine.part(sent) is None
    assert mine.part([mine.digest, 0.0, 1024, 76, 1100]) == Part(0, 1024, 76, 1100)


PEAK = """
import resource
import torch
from xviz.core.attention import AttentionCall
from xviz.drawings.overview import Part
from xviz.plates.pooling import exact, pooled

def look(n):
    rng = torch.Generator().manual_seed(0)
    call = AttentionCall("x", "a", "b", *(torch.randn(8, n, 16, generator=rng) for _ in "qkv"), 0.25)
    names = [str(i) for i in range(n)]
    pooled(call, None, (names, names), ((), ()))
    exact(call, None, Part(0, min(n, 1024), 0, min(n, 1024)))

look(256)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
look(4096)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_the_weights_of_4096_tokens_and_8_heads_are_never_there_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True, timeout=120)
    assert float(done.stdout) < 8 * 4096**2 * 4 / 2**20 / 4, "MiB; all heads in float32 would take 512"
