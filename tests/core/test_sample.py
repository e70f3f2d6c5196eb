"""Parts of samples: what does not fit is refused, and the digest tells contents apart."""

from __future__ import annotations

import numpy as np
import pytest

from xviz.core.errors import SampleError
from xviz.core.sample import Photos, PointCloud, Sample, Text

XYZ = np.arange(12, dtype=np.float32).reshape(4, 3)
PHOTO = np.zeros((6, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"xyz": np.zeros((0, 3), np.float32)}, "at least one point"),
        ({"xyz": np.full((2, 3), np.nan, np.float32)}, "finite coordinates"),
        ({"xyz": XYZ, "rgb": np.zeros((3, 3), np.uint8)}, "colours of shape"),
        ({"xyz": XYZ, "segment": np.zeros(5, np.int64)}, "segments of shape"),
    ],
)
def test_a_cloud_that_does_not_fit_is_refused(fields, message):
    with pytest.raises(SampleError, match=message):
        PointCloud(**fields)


def test_photos_need_a_name_each():
    with pytest.raises(SampleError, match="a name each"):
        Photos((PHOTO, PHOTO), ("one",))
    with pytest.raises(SampleError, match="got 0 photos"):
        Photos((), ())
    with pytest.raises(SampleError, match="a camera"):
        Photos((PHOTO,), ("one",), poses=np.zeros((2, 4, 4)))


def test_photos_are_part_of_the_digest_and_read_only():
    views = Photos((PHOTO.copy(), PHOTO.copy()), ("one", "two"))
    sample = Sample("room", {"points": PointCloud(XYZ.copy()), "views": views})
    with pytest.raises(ValueError, match="read-only"):
        views.images[1][0, 0] = 1
    other = Photos((PHOTO.copy(), PHOTO.copy() + np.uint8(1)), ("one", "two"))
    assert sample.digest != Sample("room", {"points": PointCloud(XYZ.copy()), "views": other}).digest


def test_words_that_run_together_have_another_digest():
    digests = {
        Sample("s", {"text": Text(words)}).digest for words in (("a", "b"), ("ab",), ("a\x1fb",), ("a", "", "b"))
    }
    assert len(digests) == 4


def test_warnings_and_notes_are_no_content():
    plain, with_notes = PointCloud(XYZ.copy()), PointCloud(XYZ.copy(), notes=("read",), warnings=("y may point up",))
    assert Sample("s", {"points": plain}).digest == Sample("s", {"points": with_notes}).digest
