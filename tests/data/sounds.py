"""Sounds of every format and fault that tests read, made from one signal."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import soundfile

RATE = 16_000


def speech(seconds: float = 1.6, rate: int = RATE, loud: float = 0.3) -> np.ndarray:
    """(time,) something like words: a voice of many harmonics that swells four times a second."""
    time = np.arange(round(seconds * rate)) / rate
    voice = sum(np.sin(2 * np.pi * 150 * n * time + n * n) / n for n in range(1, 20))
    return (loud * voice / np.abs(voice).max() * np.sin(np.pi * 4 * time) ** 2).astype(np.float32)


def noise(seconds: float, rate: int = RATE, loud: float = 0.1) -> np.ndarray:
    return (loud * np.random.default_rng(0).normal(size=round(seconds * rate))).astype(np.float32)


def made(signal: np.ndarray, rate: int = RATE, kind: str = "WAV", subtype: str | None = None) -> bytes:
    """By libsndfile."""
    soundfile.write(file := io.BytesIO(), signal, rate, format=kind, subtype=subtype)
    return file.getvalue()


def encoded(signal: np.ndarray, form: str, codec: str, rate: int = RATE, **options: str) -> bytes:
    """By FFmpeg; (time,) or (time, 2)."""
    values = np.atleast_2d(signal.T).astype(np.float32)
    file = io.BytesIO()
    with av.open(file, "w", format=form, options=options) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono" if len(values) == 1 else "stereo")
        if codec == "wmav2":
            stream.bit_rate = 64_000
        kinds = [each.name for each in stream.codec_context.codec.audio_formats or ()]
        kind = next((each for each in ("s16", "s16p", "fltp") if each in kinds), "fltp")
        stream.codec_context.format = kind
        resampler = av.AudioResampler(format=kind, layout=stream.layout.name, rate=rate)
        for at in range(0, values.shape[1], 960):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(values[:, at : at + 960]), format="fltp", layout=stream.layout.name
            )
            frame.sample_rate, frame.pts = rate, at
            for part in resampler.resample(frame):
                out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return file.getvalue()


def amr(seconds: float = 1.6) -> bytes:
    """AMR with frames of 12.2 kbit/s, as phones record it, of what the bits happen to say."""
    bits = np.random.default_rng(0).integers(0, 256, (round(seconds / 0.02), 31), np.uint8)
    return b"#!AMR\n" + b"".join(b"\x3c" + frame.tobytes() for frame in bits)


def silent_film() -> bytes:
    """MP4 with pictures alone."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        out.mux(stream.encode(None))
    return file.getvalue()


def resized(content: bytes, size: int) -> bytes:
    """A WAV, RF64, W64, AIFF, CAF or AU file whose header promises so many bytes of samples."""
    patched = bytearray(content)
    if content[:4] == b"riff":
        struct.pack_into("<Q", patched, content.index(b"data\xf3\xac") + 16, size + 24)
    elif content[:4] == b"FORM":
        at = content.index(b"SSND")
        struct.pack_into(">I", patched, at + 4, size + 8)
        frames = content.index(b"COMM") + 10
        struct.pack_into(">I", patched, frames, size // 2)
    elif content[:4] == b"caff":
        struct.pack_into(">q", patched, content.index(b"data") + 4, size + 4)
    elif content[:4] == b".snd":
        struct.pack_into(">I", patched, 8, size)
    elif content[:4] == b"RF64":
        struct.pack_into("<Q", patched, content.index(b"ds64") + 16, size)
    else:
        struct.pack_into("<I", patched, content.index(b"data") + 4, size)
    return bytes(patched)
