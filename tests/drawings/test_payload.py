"""What is packed comes back, and what cannot be said is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from xviz.drawings.payload import CODES, pack, pack_still, unpack


@given(st.lists(st.sampled_from(list(CODES)), max_size=4), st.text(max_size=9), st.data())
def test_packing_loses_nothing(types, text, data):
    arrays = {f"a{i}": data.draw(nps.arrays(t, data.draw(st.integers(0, 9)))) for i, t in enumerate(types)}
    header, unpacked = unpack(pack({"text": text, "nested": [1, None]}, **arrays))
    assert header == {"text": text, "nested": [1, None]}
    assert list(unpacked) == list(arrays)
    for name, array in arrays.items():
        assert unpacked[name].dtype == array.dtype
        np.testing.assert_array_equal(unpacked[name], array)


def test_arrays_start_at_multiples_of_four():
    payload = pack({"é": 1}, odd=np.arange(3, dtype=np.uint8), after=np.float32([1.5, -2]))
    assert payload.index(np.float32([1.5, -2]).tobytes()) % 4 == 0
    assert payload.index(bytes([0, 1, 2])) % 4 == 0


def test_a_matrix_is_flattened_row_by_row():
    turned = np.arange(6, dtype=np.uint8).reshape(2, 3).T  # not contiguous
    assert unpack(pack({}, a=turned))[1]["a"].tolist() == [0, 3, 1, 4, 2, 5]


@pytest.mark.parametrize("array", [np.zeros(2), np.zeros(2, int), np.zeros(2, bool)])
def test_nothing_is_converted_silently(array):
    with pytest.raises(TypeError, match="Convert it first"):
        pack({}, a=array)


@pytest.mark.parametrize("header", [{"x": float("nan")}, {"arrays": []}])
def test_headers_that_json_cannot_say_are_refused(header):
    with pytest.raises(ValueError):  # noqa: PT011  two texts, one ours and one of json
        pack(header)


def test_a_still_carries_its_own_digest_and_the_digest_follows_the_content():
    first, message = pack_still({"a": 1}, x=np.uint8([1]))
    assert unpack(message)[0] == {"a": 1, "id": first}
    assert pack_still({"a": 1}, x=np.uint8([1]))[0] == first
    assert pack_still({"a": 1}, x=np.uint8([2]))[0] != first
