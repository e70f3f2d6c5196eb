"""Named channels over time are read from tables and arrays, and what is wrong is named."""

from __future__ import annotations

import io

import numpy as np
import pytest

from xviz.core.errors import SampleError
from xviz.data.series import read_series

VALUES = np.arange(6, dtype=np.float32).reshape(2, 3)


def saved(save, *args, **named) -> bytes:
    file = io.BytesIO()
    save(file, *args, **named)
    return file.getvalue()


def test_a_table_with_a_clock_and_one_without() -> None:
    series = read_series(b"time,a,b\n0,0,3\n0.5,1,4\n1,2,5\n", "x.csv")
    assert (series.channels, series.rate) == (("a", "b"), 2.0)
    np.testing.assert_array_equal(series.values, VALUES)
    assert read_series(b"a\tb\n0\t3\n1\t4\n", "x.tsv").rate is None


def test_arrays_with_and_without_names() -> None:
    plain = read_series(saved(np.save, VALUES), "x.npy")
    assert plain.channels == ("channel 1", "channel 2")
    named = read_series(saved(np.savez, values=VALUES, channels=np.array(["u", "v"]), rate=4.0, start=1.5), "x.npz")
    assert (named.channels, named.rate, named.start) == (("u", "v"), 4.0, 1.5)
    np.testing.assert_array_equal(named.values, VALUES)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"a,b\n1,x\n2,y\n", "x.csv", "no numbers: b"),
        (b"", "x.txt", "is none of these"),
        (saved(np.savez, other=VALUES), "x.npz", "This one has other"),
        (saved(np.save, VALUES.reshape(1, 2, 3)), "x.npy", r"of shape \(1, 2, 3\)"),
        (saved(np.savez, values=VALUES, channels=np.array(["u"])), "x.npz", "one name for each channel"),
        (saved(np.savez, values=VALUES, rate=np.ones(2)), "x.npz", "one number each"),
        (saved(np.savez, values=VALUES, channels=np.ones(2)), "x.npz", "a list of names"),
        (b"nonsense", "x.npz", "damaged"),
    ],
)
def test_what_is_wrong_is_named(content: bytes, name: str, says: str) -> None:
    with pytest.raises(SampleError, match=says):
        read_series(content, name)
