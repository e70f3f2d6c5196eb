"""The app as a server of its own, for commands that visit it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
PATIENCE = 120  #: seconds until a server must answer


def free_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """``xviz app`` on a port; a context that stops it."""

    def __init__(self, *options: str, port: int | None = None) -> None:
        self.options, self.port = options, port or free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> float:
        """Start, on the same port as before; seconds until it answers."""
        where = ("--server.address=127.0.0.1", f"--server.port={self.port}", "--server.headless=true")
        command = [sys.executable, "-m", "xviz", "app", *where, *self.options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        begun = time.monotonic()
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while time.monotonic() - begun < PATIENCE:
            if self.process.poll() is not None:
                raise RuntimeError(f"the app ended with {self.process.returncode}")
            with suppress(OSError), urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1):
                return time.monotonic() - begun
            time.sleep(0.02)
        raise TimeoutError(f"nothing answers at {self.address}")

    def kill(self) -> None:
        """As ``kill -9`` does: without a word."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def memory(self) -> float:
        """MB that it holds."""
        assert self.process is not None
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def __enter__(self) -> Server:
        """Start."""
        self.start()
        return self

    def __exit__(self, *failed: object) -> None:
        """Stop."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.process.kill()


def end(faults: Sequence[str]) -> NoReturn:
    """Print what was wrong, and end with it as the status."""
    print(f"faults: {len(faults)}")
    for fault in faults:
        print("  ", fault)
    sys.exit(bool(faults))
