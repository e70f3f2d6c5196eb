"""What a file holds behind its first sound, which decoders pass over in silence: sounds put one after the other."""

from __future__ import annotations

import struct

from xviz.data.sound.headers import promised

_NUMBER = struct.Struct(">I")  #: four bytes of the index of an MP3
_SLACK = 1 << 14  #: bytes behind an MP3 that are tags


def behind(content: bytes) -> str:
    """That another sound follows, in words; empty where none does."""
    if not (_wave(content) or _ogg(content) or _mp3(content)):
        return ""
    return (
        "Behind this sound the file holds another, as where files were joined byte by byte: only the first is read. "
        "Join them with a program for sounds, such as ffmpeg or Audacity, to hear both."
    )


def _wave(content: bytes) -> bool:
    """Whether a WAV stands behind the samples of a WAV."""
    promise = promised(content) if content[:4] == b"RIFF" else None
    if promise is None:
        return False
    end = promise.at + promise.size + promise.size % 2
    return content[end : end + 4] == b"RIFF" and content[end + 8 : end + 12] == b"WAVE"


def _ogg(content: bytes) -> bool:
    """Whether a stream of Ogg begins behind the pages of the first ones."""
    offset = 0
    while content[offset : offset + 4] == b"OggS" and offset + 27 <= len(content):
        lengths = content[offset + 27 : offset + 27 + content[offset + 26]]
        if not content[offset + 5] & 2:
            return content.find(b"OggS\0\2", offset) >= 0
        offset += 27 + len(lengths) + sum(lengths)
    return False


def _mp3(content: bytes) -> bool:
    """Whether much more follows than the index of an MP3 tells of, and begins with an index of its own."""
    offsets = [offset for mark in (b"Xing", b"Info") if (offset := content.find(mark, 0, 1 << 22)) >= 0]
    if content[:4] in (b"RIFF", b"OggS", b"fLaC") or not offsets or min(offsets) + 16 > len(content):
        return False
    offset = min(offsets)
    (flags,) = _NUMBER.unpack_from(content, offset + 4)
    if flags & 3 != 3:
        return False
    end = offset - 36 + _NUMBER.unpack_from(content, offset + 12)[0]
    return len(content) - end > _SLACK // 4 and any(content.find(m, end, end + _SLACK) >= 0 for m in (b"Xing", b"Info"))
