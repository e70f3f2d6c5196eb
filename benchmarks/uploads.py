"""Four visitors who upload 500 MB each at once: every page must answer, or say why not, and give the memory back.

python benchmarks/uploads.py --rounds 2
"""

from __future__ import annotations

import argparse
import asyncio
import io
import time

import numpy as np
import websockets
from serving import Server, end
from visitor import Seen, Visitor

MB = 1_000_000
LIMIT = 20_000  #: MB that the server may hold at most
LEFT = 160  #: seconds after which the memory must have been given back; a visit that broke off is kept for 120
SEEN = 75  #: seconds after which the server has seen that another visitor came
GIVEN_BACK = 1500  #: MB that the server may still hold then


def cloud(size: int, seed: int) -> bytes:
    """A binary PLY of points in a room."""
    count = size // 15
    points = np.zeros(count, [("xyz", "<f4", 3), ("rgb", "u1", 3)])
    rng = np.random.default_rng(seed)
    points["xyz"] = rng.random((count, 3), np.float32) * np.float32([5, 4, 2.5])
    points["rgb"] = rng.integers(0, 255, (count, 3), np.uint8)
    names = [*(f"property float {axis}" for axis in "xyz"), *(f"property uchar {c}" for c in ("red", "green", "blue"))]
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {count}", *names, "end_header", ""]
    return "\n".join(lines).encode() + points.tobytes()


def sound(size: int, seed: int) -> bytes:
    """A WAV of noise."""
    from xviz.core.sample import Sound
    from xviz.data.sound import write_wav

    noise = np.random.default_rng(seed).standard_normal(size // 2, np.float32) * np.float32(0.1)
    return write_wav(Sound(noise, 48_000.0))


def recording(size: int, seed: int) -> bytes:
    """Eight channels of noise as NPZ."""
    signal = np.random.default_rng(seed).standard_normal((8, size // 32), np.float32) * np.float32(20)
    names = np.array(["Fp1", "Fp2", "F3", "F4", "C3", "C4", "O1", "O2"])
    np.savez(file := io.BytesIO(), signal=signal, rate=512.0, channels=names)
    return file.getvalue()


#: page, name, file, MB: two that are read, two above the limit of their page
GIVEN = (
    ("mit", "scan.ply", cloud, 500), ("mca", "night.npz", recording, 440), ("mca", "longer.npz", recording, 500),
    ("mmvit", "concert.wav", sound, 500),
)  # fmt: skip


async def visit(number: int, server: Server, files: dict[int, bytes], faults: list[str], most: list[float]) -> None:
    """Open a page, upload, and say what it answers."""
    page, name, _, size = GIVEN[number]
    visitor = Visitor(number, server.port, Seen())
    visitor.page = page
    address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None) as visitor.line:
        await visitor.run()
        begun = time.monotonic()
        try:
            await visitor.upload(name, files[number])
        except Exception as error:
            faults.append(f"{name}: {error!r}"[:200])
            return
        most.append(server.memory())
        taken = time.monotonic() - begun
        alerts = [one.body for one in visitor.of("alert") if one.format in (one.Format.ERROR, one.Format.WARNING)]
        broken = [one for one in visitor.of("alert") if "bug_report" in one.icon] or visitor.of("exception")
        told = alerts[0].replace("\\", "")[:150] if alerts else f"an answer of {len(visitor.elements)} elements"
        print(f"{name}, {size} MB, on {page} after {taken:.0f} s: {told}", flush=True)
        if broken or (not alerts and len(visitor.elements) < 5):
            faults.append(f"{name}: {told}")


async def look(server: Server) -> None:
    """Another visitor, who brings nothing."""
    visitor = Visitor(4, server.port, Seen())
    address = f"ws://127.0.0.1:{server.port}/_stcore/stream"
    async with websockets.connect(address, subprotocols=["streamlit"], max_size=None) as visitor.line:
        await visitor.run()


async def together(server: Server, files: dict[int, bytes], faults: list[str]) -> float:
    """All at once; the most MB that were seen."""
    most = [server.memory()]

    async def watch() -> None:
        while True:
            most.append(server.memory())
            await asyncio.sleep(0.5)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(visit(number, server, files, faults, most) for number in range(len(GIVEN))))
    watching.cancel()
    return max(most)


def main() -> None:
    """Run, and print what was answered and what the server held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    files = {number: make(size * MB, number) for number, (_, _, make, size) in enumerate(GIVEN)}
    faults: list[str] = []
    with Server("--server.enableXsrfProtection", "false") as server:
        after: list[float] = []
        for turn in range(rounds):
            most = asyncio.run(together(server, files, faults))
            time.sleep(LEFT if turn == rounds - 1 else 5)
            asyncio.run(look(server))
            time.sleep(SEEN if turn == rounds - 1 else 0)
            after.append(server.memory())
            print(f"round {turn + 1}: at most {most:.0f} MB, {after[-1]:.0f} MB when all had left", flush=True)
            if most > LIMIT:
                faults.append(f"{most:.0f} MB were held")
        if after[-1] > GIVEN_BACK:
            faults.append(f"{after[-1]:.0f} MB were not given back")
    end(faults)


if __name__ == "__main__":
    main()
