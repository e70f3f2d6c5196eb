"""What all tests share: no connection leaves this machine, and one thread per test run keeps numbers steady."""

from __future__ import annotations

import os
import socket
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy, and for every process that a test begins

import pytest
import torch
from hypothesis import settings

from xviz.ui import steps

torch.set_num_threads(1)
# there is no browser that would draw meanwhile; tests that have one begin another process
steps.FRAME = steps.MAP = 0.0
settings.register_profile("busy", deadline=None)  # other tests have the processor too
settings.load_profile("busy")

LOCAL = ("127.", "localhost", "::1", "0.0.0.0")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the browser's files over the first two thirds: they wait much, so that others compute meanwhile."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = [file for file in files.values() if file[0].get_closest_marker("browser")]
    others = [file for file in files.values() if not file[0].get_closest_marker("browser")]
    each = 2 * len(others) // (3 * len(waiting)) if waiting else 0
    spread = [file for i, first in enumerate(waiting) for file in (first, *others[i * each : (i + 1) * each])]
    items[:] = [item for file in (*spread, *others[len(waiting) * each :]) for item in file]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection to another machine: xviz works with the network off."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOCAL):  # type: ignore[index]
            raise AssertionError(f"a connection to {address} was tried; xviz works with the network off")
        connect(self, address)  # type: ignore[arg-type]

    def asked(host: object, *rest: object, **more: object) -> object:
        if host is not None and not str(host).startswith(LOCAL):
            raise AssertionError(f"the address of {host} was asked for; xviz works with the network off")
        return look_up(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket, "getaddrinfo", asked)
