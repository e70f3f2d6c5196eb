"""Headers that promise less than the file holds, as recorders leave them that stop before they are done.

WAV, RF64, Wave64, AIFF, CAF and AU say how many bytes of samples follow. Where that is zero or too small, and what
follows is not another chunk, the samples go on to the end of the file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

W64_RIFF = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_TAGS = (b"ID3", b"TAG", b"APETAGEX")  #: what programs put behind the samples without a chunk
_LEAST = 512  #: bytes behind the samples that are no sound yet
_UNKNOWN = 0x7FFF_0000  #: bytes, from which a size stands for "unknown", as recorders write it


@dataclass(frozen=True)
class Promise:
    """What a header says of the samples."""

    at: int  #: where the samples begin
    size: int  #: bytes that it promises
    patches: tuple[tuple[int, str, int], ...]  #: where, form and value that make it go on to the end of the file

    def holds(self, content: bytes) -> int:
        """Bytes that there are."""
        return len(content) - self.at


def mended(content: bytes) -> tuple[bytes, str]:
    """The same file with samples to its end, and what was done in words; unchanged where the header is right.

    Tags and zeros before the sound, which readers trip over, are taken off without a word.
    """
    content = _bare(content)
    promise = promised(content)
    if promise is None or not promise.patches or promise.size >= min(promise.holds(content), _UNKNOWN):
        return content, ""
    end = promise.at + promise.size
    if promise.holds(content) - promise.size < _LEAST or _other(content, end):
        return content, ""
    patched = bytearray(content)
    for offset, form, value in promise.patches:
        struct.pack_into(form, patched, offset, value)
    length = f"{promise.size:,} bytes" if promise.size else "no samples"
    return bytes(patched), (
        f"The header promises {length}, as after a crash of the recorder, and {promise.holds(content):,} bytes follow: "
        "all of them were read, to the end of the file."
    )


def _bare(content: bytes) -> bytes:
    """The file from where its sound begins: without an ID3 tag where no MP3 follows, without zeros before an MP3."""
    stripped = content
    if content[:4] == bytes(4):
        stripped = content.lstrip(b"\0")
        return stripped if stripped[:3] == b"ID3" or (stripped[:1] == b"\xff" and stripped[1:2] >= b"\xe0") else content
    if content[:3] == b"ID3" and len(content) > 10:
        size = sum((content[6 + i] & 127) << 7 * (3 - i) for i in range(4))
        stripped = content[10 + size :]
    adts = stripped[:1] == b"\xff" and len(stripped) > 1 and stripped[1] & 0xF6 == 0xF0
    return stripped if adts or stripped[:4] in (b"RIFF", b"RF64", b"FORM", b"OggS", b"fLaC", b"caff") else content


def missing(content: bytes) -> float:
    """Share of the promised samples that the file does not hold; 0 where all are there or nothing is promised."""
    promise = promised(content)
    if promise is None or not 0 < promise.holds(content) < promise.size < _UNKNOWN:
        return 0.0
    return 1 - promise.holds(content) / promise.size


def promised(content: bytes) -> Promise | None:
    """What the header says; None where it is of another format, or has no samples."""
    try:
        if content[:4] in (b"RIFF", b"RF64", b"BW64") and content[8:12] == b"WAVE":
            return _wave(content)
        if content[:16] == W64_RIFF:
            return _wave64(content)
        if content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
            return _aiff(content)
        if content[:4] == b"caff":
            return _caf(content)
        if content[:4] == b".snd":
            return _au(content)
    except struct.error:
        return None
    return None


def _chunks(content: bytes, offset: int, order: str, size: str = "I") -> Iterator[tuple[bytes, int, int]]:
    """Name, where its content begins, and size of every chunk."""
    wide = struct.calcsize(order + size)
    while offset + 4 + wide <= len(content):
        (length,) = struct.unpack_from(order + size, content, offset + 4)
        yield content[offset : offset + 4], offset + 4 + wide, length
        if length < 0:
            return
        offset += 4 + wide + length + (length % 2 if size == "I" else 0)


def _wave(content: bytes) -> Promise | None:
    wide, total = None, len(content)
    for name, begin, size in _chunks(content, 12, "<"):
        if name == b"ds64":
            wide = (begin, *struct.unpack_from("<QQ", content, begin))
        if name == b"data":
            if size == 0xFFFF_FFFF and wide is not None:
                patches = ((wide[0], "<Q", total - 8), (wide[0] + 8, "<Q", total - begin))
                return Promise(begin, wide[2], patches)
            return Promise(begin, size, ((4, "<I", min(total - 8, 2**32 - 1)), (begin - 4, "<I", total - begin)))
    return None


def _wave64(content: bytes) -> Promise | None:
    offset = 40
    while offset + 24 <= len(content):
        (size,) = struct.unpack_from("<Q", content, offset + 16)
        if content[offset : offset + 16] == _W64_DATA:
            patches = ((16, "<Q", len(content)), (offset + 16, "<Q", len(content) - offset))
            return Promise(offset + 24, max(size, 24) - 24, patches)
        offset += max(24, -(-size // 8) * 8)
    return None


def _aiff(content: bytes) -> Promise | None:
    frame = common = 0
    plain = content[8:12] == b"AIFF"
    for name, begin, size in _chunks(content, 12, ">"):
        if name == b"COMM":
            channels, _, bits = struct.unpack_from(">hIh", content, begin)
            common, frame = begin + 2, channels * -(-bits // 8)
            plain = plain or content[begin + 18 : begin + 22] in (b"NONE", b"sowt", b"fl32", b"FL32", b"fl64", b"twos")
        if name == b"SSND":
            holds = len(content) - begin - 8
            able = plain and frame > 0
            patches = (
                (4, ">I", len(content) - 8), (begin - 4, ">I", holds + 8), (common, ">I", holds // max(1, frame)),
            )  # fmt: skip
            return Promise(begin + 8, max(size, 8) - 8, patches if able else ())
    return None


def _caf(content: bytes) -> Promise | None:
    for name, begin, size in _chunks(content, 8, ">", "q"):
        if name == b"data":
            whole = size < 0  # −1 is "to the end of the file"
            return Promise(begin + 4, 2**62 if whole else max(size, 4) - 4, ((begin - 8, ">q", len(content) - begin),))
    return None


def _au(content: bytes) -> Promise:
    begin, size = struct.unpack_from(">II", content, 4)
    return Promise(begin, size, ((8, ">I", len(content) - begin),))


def _other(content: bytes, offset: int) -> bool:
    """Whether what stands behind the samples is something else: whole chunks, or the tag of a music program."""
    if content[:4] == b".snd":
        return False
    if offset % 2 and content[offset : offset + 1] == b"\0":
        offset += 1
    if content[offset : offset + 8].startswith(_TAGS):
        return True
    if content[:16] == W64_RIFF:
        offset += -offset % 8
        return content[offset + 4 : offset + 16] == _W64_DATA[4:] or content[offset + 4 : offset + 16] == W64_RIFF[4:]
    order, size = (">", "q") if content[:4] == b"caff" else (">", "I") if content[:4] == b"FORM" else ("<", "I")
    count = 0
    for name, begin, length in _chunks(content, offset, order, size):
        if not all(32 <= letter < 127 for letter in name) or begin + length > len(content) + 1:
            return False
        count += 1
    return count > 0
