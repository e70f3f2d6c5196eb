"""E57, the files that programs of laser scanners exchange, through the Rust library e57.

The library wants a file: the bytes lie in one that is in memory alone. A damaged file makes it panic, which Python sees
as an exception that is no ``Exception``. Without colours it gives intensities as greys, which are left out.
"""

from __future__ import annotations

import os
import re
import struct

import e57
import numpy as np

from xviz.core.errors import SampleError
from xviz.data.cloud.columns import RawCloud, check_count

_LEAST = 0.5  #: bytes that a point takes at least; with three coordinates it has 6 to 30


def read_e57(data: bytes) -> RawCloud:
    """The points of all scans of an E57 file, each at its place.

    Raises:
        SampleError: it is cut short, damaged, or holds no points.
    """
    if len(data) < 48 or struct.unpack_from("<Q", data, 16)[0] != len(data):
        raise SampleError("The E57 file is cut short or damaged: it is not as long as its header says. Copy it again.")
    if not hasattr(os, "memfd_create"):
        raise SampleError("E57 files are read on Linux only. Save the cloud as LAZ or PLY.")
    handle = os.memfd_create("e57")
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]
        path = f"/proc/self/fd/{handle}"
        xml = e57.raw_xml(path)
        scans = re.findall(r"<points\b[^>]*?recordCount=\"(\d+)\".*?</points>", xml, re.DOTALL)
        coloured = len(re.findall(r"<colorRed\b", xml))
        check_count(sum(map(int, scans)), len(data), _LEAST, "E57")
        read = e57.read_points(path)
    except BaseException as error:  # Rust's panics are no Exceptions
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | SampleError):
            raise
        raise SampleError(f"The E57 file is damaged or of an unknown kind ({error!s:.200}). Save it again.") from error
    finally:
        os.close(handle)
    raw = RawCloud(np.asarray(read.points, np.float64).reshape(-1, 3), up="z", unit="m")
    note = f"{len(scans)} scans, each at its place." if len(scans) > 1 else "One scan."
    raw.notes.append(note)
    if coloured:
        raw.rgb = np.asarray(read.color, np.float32).reshape(-1, 3)
        if coloured < len(scans):
            raw.warnings.append(
                f"{len(scans) - coloured} of {len(scans)} scans have no colours; theirs are intensities."
            )
    else:
        raw.notes.append("Intensities are no colours: read without colours.")
    if raw.rgb is not None and len(raw.rgb) != len(raw.xyz):
        raw.rgb = None
        raw.warnings.append("Points and colours of the E57 file are of different numbers: read without colours.")
    return raw
