"""Threads of computations: one each, so that visitors and the tests' own processes do not wait for each other's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

COUNTED = """
import sys
from xviz.ui import serve
assert "numpy" not in sys.modules and "torch" not in sys.modules
serve.alone()
import torch
print(torch.get_num_threads())
"""


@pytest.mark.parametrize(("asked", "threads"), [(None, 1), ("2", 2)])
def test_the_app_computes_on_one_thread_unless_told_otherwise(asked, threads):
    given = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    given |= {} if asked is None else {"OMP_NUM_THREADS": asked}
    done = subprocess.run([sys.executable, "-c", COUNTED], env=given, capture_output=True, text=True, check=True)
    assert int(done.stdout) == threads
