"""A batch on Ray: workers that hold the model once, on this machine or on a cluster. Nothing is scheduled here.

Rows and scores come back to the process that was started, which alone writes, so that the folder of a batch is safe
however workers end; a worker that dies is started again by Ray, and its sample measured anew.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xviz.batch.listing import Item
from xviz.batch.measure import Wanted, measure
from xviz.batch.work import Done, Way, opened
from xviz.core.errors import XvizError

AHEAD = 2  #: samples that wait at each worker
REACHED = 10.0  #: seconds until an address counts as not answering
ANSWERS = 40.0  #: seconds in which Ray must let somebody join
TRIED = "import sys, ray; ray.init(address=sys.argv[1], logging_level='ERROR', log_to_driver=False)"
AGAIN = 2  #: times that a worker which died is started again


def on_ray(address: str, *, workers: int | None = None, gpus: float = 0.0) -> Way:
    """Measuring by workers of Ray.

    Args:
        address: "local" starts Ray on this machine; else that of a cluster, such as "auto" or ray://head:10001.
        workers: How many; as many as there are processors, or graphics processors where each needs one.
        gpus: Graphics processors of each worker.

    Raises:
        XvizError: Ray is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no connection leaves the machine unasked
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ModuleNotFoundError as error:
        raise XvizError(
            "--ray needs the package ray. Run: pip install “xviz[ray]”; without it the same runs here."
        ) from error
    return lambda wanted, items: _measured(ray, address, workers, gpus, wanted, items)


def _measured(
    ray: Any, address: str, workers: int | None, gpus: float, wanted: Wanted, items: Sequence[Item]
) -> Iterator[Done]:
    """Rows and scores as they come."""
    _join(ray, address, workers)
    try:
        have = ray.cluster_resources()
        count = min(workers or int(have.get("GPU", 0) / gpus if gpus else have.get("CPU", 1)), len(items))
        if count < 1:
            raise XvizError(
                f"No worker fits: the cluster has {have.get('CPU', 0):g} CPU and {have.get('GPU', 0):g} GPU."
            )
        actor = ray.remote(Worker).options(num_cpus=1, num_gpus=gpus, max_restarts=AGAIN, max_task_retries=AGAIN)
        pool = [actor.remote(_sent(wanted)) for _ in range(count)]
        waiting, left = {}, iter(items)

        def ask(worker: Any) -> None:
            if (item := next(left, None)) is not None:
                waiting[worker.measure.remote(item)] = worker

        for _ in range(AHEAD):
            for worker in pool:
                ask(worker)
        while waiting:
            [ready], _ = ray.wait(list(waiting), num_returns=1)
            worker = waiting.pop(ready)
            try:
                done = ray.get(ready)
            except ray.exceptions.RayTaskError as error:
                raise error.as_instanceof_cause() from error
            except ray.exceptions.RayError as error:
                raise XvizError(
                    f"A worker of Ray ended ({error}). What was measured is kept; start again to go on."
                ) from error
            ask(worker)
            yield done
    finally:
        ray.shutdown()


def _sent(wanted: Wanted) -> Wanted:
    """What is wanted, with the place of a model's file as it is here, for workers that start elsewhere."""
    from dataclasses import replace

    file, _, name = wanted.model.partition(":")
    return replace(wanted, model=f"{Path(file).resolve()}:{name}") if file.endswith(".py") else wanted


def _join(ray: Any, address: str, workers: int | None) -> None:
    """Start Ray here, or join a cluster.

    Raises:
        XvizError: the address does not answer.
    """
    common = {"logging_level": "ERROR", "log_to_driver": False}
    if address == "local":
        ray.init(address="local", num_cpus=workers, include_dashboard=False, **common)
        return
    if address != "auto":
        host, port = _place(address)
        try:
            with contextlib.closing(socket.create_connection((host, port), timeout=REACHED)):
                pass
        except OSError as error:
            raise XvizError(
                f"No Ray answers at {address} ({error}). Start it with “ray start --head”, or use --ray local."
            ) from error
    _answers(address)
    try:
        ray.init(address=address, **common)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        raise XvizError(f"No Ray cluster can be joined at {address}: {str(error).splitlines()[0]}") from error


def _answers(address: str) -> None:
    """Join for a moment in a process of its own, since Ray waits minutes for what listens and is no Ray.

    Raises:
        XvizError: what is there does not answer as Ray does.
    """
    try:
        tried = subprocess.run(
            [sys.executable, "-c", TRIED, address], capture_output=True, text=True, timeout=ANSWERS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise XvizError(
            f"What listens at {address} did not answer as Ray within {ANSWERS:g} s. Give the address that “ray start "
            "--head” printed, or use --ray local."
        ) from error
    if tried.returncode:
        why = (tried.stderr.strip().splitlines() or ["no reason was given"])[-1]
        raise XvizError(f"No Ray cluster can be joined at {address}: {why}")


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise XvizError(f"Expected --ray local, auto, HOST:6379 or ray://HOST:10001; got “{address}”.")
    return host, int(port)


class Worker:
    """One process that holds the model.

    Args:
        wanted: What is asked of every sample.
    """

    def __init__(self, wanted: Wanted) -> None:
        import torch

        torch.set_num_threads(1)  # workers share the processors
        self.wanted, self.loaded = wanted, opened(wanted)

    def measure(self, item: Item) -> Done:
        """Rows and scores of one sample."""
        return measure(self.loaded, item, self.wanted)
