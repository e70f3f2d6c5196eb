"""Six hundred damaged files, the same each time, are read or refused in words; ``benchmarks/fuzz.py`` tries more."""

from __future__ import annotations

import warnings
from pathlib import Path

import mutations
import pytest

from xviz.core.errors import SampleError

COUNT, SHARES = 600, 12
LARGEST = 100_000  #: bytes of a seed
FOUND: tuple[int, ...] = ()  #: numbers that once found something


@pytest.mark.parametrize("share", range(SHARES))
def test_damaged_files_of_every_reader_are_read_or_refused(
    share: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = tuple(seed for seed in mutations.seeds(layouts=3) if len(seed.data) < LARGEST)
    readers, refused = mutations.readers(), 0
    assert {seed.reader for seed in made} == set(readers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # decoders warn of what they then refuse
        for number in range(share, COUNT, SHARES):
            seed = mutations.drawn(number, made)
            try:
                readers[seed.reader](seed.name, seed.data)
            except SampleError as error:
                refused += 1
                assert len(str(error)) > 25, error  # noqa: PT017
    assert refused > 5
    assert not list(tmp_path.iterdir())
