"""Sound files opened by what they are: libsndfile where it can, FFmpeg's decoders (PyAV) for the rest.

Nothing is decoded before it is asked for. FFmpeg is told the container that the first bytes name, so that no file makes
it look for another one: playlists and files that point to others are none of these.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from xviz.core.errors import SampleError
from xviz.data.sound.headers import W64_RIFF

MEGABYTES = 200  #: largest file
MOST_CHANNELS = 64
RATES = (1_000, 768_000)  #: Hz
BLOCK = 1 << 13  #: frames read at once; of a damaged file no more than these are lost before the damage
EXPECTED = "WAV, FLAC, OGG, Opus, MP3, M4A, AAC, WebM, AIFF, CAF, W64, AMR or WMA"
_SNDFILE = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "AIFF", "CAF", "AU", "NIST", "VOC")
_FIXED = ("PCM", "ULAW", "ALAW", "IMA", "MS_ADPCM", "GSM", "G72", "NMS", "VOX", "DWVW", "DPCM", "ALAC")  #: end at ±1
_UNKNOWN = 1 << 40  #: frames, from which a file does not say how long it is
_LONGEST = 24 * 3600  #: seconds of a file that does not say how long it is
_SEEKS = ("mov", "matroska", "ogg", "asf", "wav", "caf", "flac", "avi")  #: have an index, or a place for every packet
_BEFORE = 1.0  #: seconds before a stretch at which decoding begins, since codecs overlap

#: first bytes → (where they stand, FFmpeg's name of the container, for people)
_CONTAINERS: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"ftyp", "mov", "MP4 or M4A"), (4, b"moov", "mov", "QuickTime"), (4, b"mdat", "mov", "QuickTime"),
    (4, b"wide", "mov", "QuickTime"), (0, b"\x1aE\xdf\xa3", "matroska", "WebM or Matroska"), (0, b"OggS", "ogg", "Ogg"),
    (0, b"fLaC", "flac", "FLAC"), (0, b"#!AMR", "amr", "AMR"), (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf", "WMA"),
    (0, b"caff", "caf", "CAF"), (0, b"MAC ", "ape", "Monkey's Audio"), (0, b"wvpk", "wv", "WavPack"),
    (0, b"TTA1", "tta", "True Audio"), (0, b"MPCK", "mpc8", "Musepack"), (0, b"MP+", "mpc", "Musepack"),
    (0, b"DSD ", "dsf", "DSD"), (0, b"FRM8", "iff", "DSD"), (0, b".RMF", "rm", "RealAudio"), (0, b"FLV", "flv", "FLV"),
    (0, b"\x0bw", "ac3", "AC-3"), (0, b"\0\0\1\xba", "mpeg", "MPEG"), (0, W64_RIFF[:4], "w64", "W64"),
    (0, b"ID3", "mp3", "MP3"), (0, b".snd", "au", "AU"),
)  # fmt: skip
#: first bytes of what is no recording → what it is, and what to do
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"MThd", "a MIDI file, which holds notes and no sound. Render it with a synthesiser, and save that as WAV"),
    (b"#!SILK", "a SILK voice message, for which there is no reader here. Convert it to WAV"),
    (b"\x02#!SILK", "a SILK voice message, for which there is no reader here. Convert it to WAV"),
    (b"#EXTM3U", "a playlist, which names files and holds none. Choose one of these"),
    (b"[playlist]", "a playlist, which names files and holds none. Choose one of these"),
    (b"%PDF", "a PDF file. Choose a sound"), (b"PK\x03\x04", "a zip or office file. Unpack it and choose the sound"),
    (b"\x89PNG", "a PNG picture. Choose a sound"), (b"\xff\xd8\xff", "a JPEG picture. Choose a sound"),
    (b"GIF8", "a GIF picture. Choose a sound"), (b"<", "a page of HTML or XML, as after a download that failed. "
     "Download the sound again"), (b"ADIF", "AAC in its old ADIF form. Save it as M4A or WAV"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Track:
    """One opened sound."""

    kind: str  #: of file, for people
    rate: float  #: Hz
    channels: int
    frames: int  #: that the file tells of
    open_ended: bool  #: whether values may exceed full scale: floats, and codecs that compute in floats
    slack: float  #: seconds by which the length told may be wrong, as where codecs add a frame
    read: Callable[[int, int], Iterator[NDArray[np.float32]]]  #: first, how many → (n, channels); ends where it breaks
    tracks: int = 1  #: of sound in the file; the first is read

    @property
    def seconds(self) -> float:
        """How long it says that it is."""
        return self.frames / self.rate


@contextmanager
def opened(content: bytes, name: str) -> Iterator[Track]:
    """The sound in a file.

    Raises:
        SampleError: it is no sound, or of a size that is not read.
    """
    if len(content) > MEGABYTES * 1e6:
        raise SampleError(
            f"{name} has {len(content) / 1e6:.0f} MB; at most {MEGABYTES} MB are read. Cut it, or use MP3."
        )
    head = content[:64].lstrip(b"\xef\xbb\xbf \r\n")
    if refused := next((refused_as for start, refused_as in _REFUSED if head.startswith(start)), ""):
        raise SampleError(f"{name} is no sound that can be read: it is {refused}.")
    with _sndfile(content) as track:
        if track is not None:
            yield _checked(track, name)
            return
    with _packets(content, name) as track:
        yield _checked(track, name)


def _checked(track: Track, name: str) -> Track:
    if not RATES[0] <= track.rate <= RATES[1] or not 1 <= track.channels <= MOST_CHANNELS:
        raise SampleError(
            f"{name} has {track.channels} channels at {track.rate:g} Hz; up to {MOST_CHANNELS} channels at "
            f"{RATES[0]}–{RATES[1]} Hz are read. Export it with fewer channels or another rate."
        )
    if not track.frames:
        raise SampleError(f"{name} holds no samples: it is 0 s long. Choose another file.")
    return track


# libsndfile


@contextmanager
def _sndfile(content: bytes) -> Iterator[Track | None]:
    """The file by libsndfile; None where that cannot read it."""
    try:
        file = soundfile.SoundFile(io.BytesIO(content))
    except (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError, OverflowError):
        yield None
        return
    with file:
        declared = int(file.frames)
        if file.format not in _SNDFILE or declared >= _UNKNOWN:
            yield None
            return
        fixed = file.subtype.startswith(_FIXED)

        def read(first: int, frames: int) -> Iterator[NDArray[np.float32]]:
            try:
                file.seek(first)
            except (soundfile.LibsndfileError, RuntimeError):  # a damaged index: the way there is decoded
                with suppress(soundfile.LibsndfileError, RuntimeError):  # GSM cannot go back, and stands at its start
                    file.seek(0)
                skipped = sum(len(file.read(min(BLOCK, first - position))) for position in range(0, first, BLOCK))
                if skipped < first:
                    return
            decoded = 0
            while decoded < frames:
                block = file.read(min(BLOCK, frames - decoded), dtype="float32", always_2d=True)
                if not len(block):
                    return
                decoded += len(block)
                yield block

        yield Track(file.format, float(file.samplerate), file.channels, declared, not fixed, 0.0, _guarded(read))


def _guarded(
    read: Callable[[int, int], Iterator[NDArray[np.float32]]],
) -> Callable[[int, int], Iterator[NDArray[np.float32]]]:
    """The same, ending where the decoder finds damage; decoders raise errors of many kinds."""

    def blocks(first: int, frames: int) -> Iterator[NDArray[np.float32]]:
        whole = read(first, frames)
        while True:
            try:
                block = next(whole)
            except StopIteration:
                return
            except Exception:
                return
            yield block

    return blocks


# FFmpeg


def container(content: bytes) -> tuple[str, str] | None:
    """FFmpeg's name of the container and its name for people, by the first bytes; None where it is none of sound."""
    head = content[:1024]
    if head[:4] in (b"RIFF", b"RF64"):
        return {b"WAVE": ("wav", "WAV"), b"AVI ": ("avi", "AVI")}.get(head[8:12])
    if head[:4] == b"FORM":
        return ("aiff", "AIFF") if head[8:12] in (b"AIFF", b"AIFC") else None
    for offset, start, form, words in _CONTAINERS:
        if head[offset : offset + len(start)] == start:
            return form, words
    if len(head) > 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac", "AAC"
    if len(head) > 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[2] & 0xF0 != 0xF0:
        return "mp3", "MP3"
    return ("mpegts", "MPEG") if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G" else None


@contextmanager
def _packets(content: bytes, name: str) -> Iterator[Track]:
    """The file by FFmpeg.

    Raises:
        SampleError: it holds no sound that FFmpeg can decode.
    """
    known = container(content)
    if known is None:
        raise SampleError(
            f"{name} is no sound that can be read: {EXPECTED} is expected, whatever the name says. "
            "Export it again as one of these."
        )
    try:
        import av
    except ModuleNotFoundError as error:
        raise SampleError(
            f"{name} is {known[1]}, no sound that can be read without the package av. Run: pip install av, or save "
            "the sound as WAV or FLAC."
        ) from error
    av.logging.set_level(av.logging.PANIC)
    try:
        file = av.open(io.BytesIO(content), format=known[0], metadata_errors="ignore")
    except Exception as error:
        raise SampleError(_unreadable(name, known[1], error)) from error
    with file:
        yield _stream(file, content, name, known)


def _unreadable(name: str, kind: str, error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return (
        f"{name} is no sound that can be read: it begins as {kind}, but its header is damaged or cut short "
        f"({reason}). Export it again, or as WAV."
    )


def _stream(file: Any, content: bytes, name: str, known: tuple[str, str]) -> Track:
    """The first stream of sound in an opened file."""
    import av

    if not file.streams.audio:
        raise SampleError(f"{name} is {known[1]} without a sound in it. Choose a file with one.")
    stream = file.streams.audio[0]
    try:
        first = next(file.decode(stream))
    except StopIteration:
        raise SampleError(f"{name} holds no sound: it was cut off before the first sample. Export it again.") from None
    except Exception as error:
        codec = stream.codec_context.name if stream.codec_context is not None else "an unknown codec"
        raise SampleError(
            f"{name} is damaged, protected against copying, or of a codec that cannot be read ({known[1]}, {codec}). "
            "Save it as WAV or FLAC."
        ) from error
    rate, layout, origin = first.sample_rate, first.layout.name, first.pts or 0

    def read(start: int, frames: int) -> Iterator[NDArray[np.float32]]:
        with av.open(io.BytesIO(content), format=known[0], metadata_errors="ignore") as again:
            yield from _decoded(again, start, frames)

    def _decoded(again: Any, start: int, frames: int) -> Iterator[NDArray[np.float32]]:
        own = again.streams.audio[0]
        if start > 30 * rate and known[0] in _SEEKS:
            seconds = start / rate - _BEFORE + float(origin * first.time_base)
            again.seek(int(seconds / own.time_base), stream=own)
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        position, left = -1, frames
        for frame in again.decode(own):
            if position < 0:
                position = (
                    0 if frame.pts is None else max(0, round(float((frame.pts - origin) * frame.time_base) * rate))
                )
            for part in resampler.resample(frame):
                values = part.to_ndarray().T.astype(np.float32)
                skip, position = max(0, start - position), position + len(values)
                values = values[skip:][:left]
                left -= len(values)
                if len(values):
                    yield np.ascontiguousarray(values)
            if left <= 0:
                return

    return Track(
        known[1], float(rate), first.layout.nb_channels, _length(file, stream, known[0], rate), True, 0.25,
        _guarded(read), len(file.streams.audio),
    )  # fmt: skip


def _length(file: Any, stream: Any, form: str, rate: int) -> int:
    """Frames of a stream: as its index says, or counted packet by packet where it has none."""
    if form in _SEEKS and stream.duration:
        return min(round(float(stream.duration * stream.time_base) * rate), _LONGEST * rate)
    if form in _SEEKS and file.duration:
        return min(round(file.duration / 1e6 * rate), _LONGEST * rate)
    begin = end = None
    total = 0
    try:
        file.seek(0)
        for packet in file.demux(stream):
            total += packet.duration or 0
            if packet.pts is not None:
                begin = packet.pts if begin is None else begin
                end = max(end or 0, packet.pts + (packet.duration or 0))
    except Exception:
        pass  # what follows the damage cannot be read either
    ticks = max(total, 0 if begin is None or end is None else end - begin)
    return min(round(float(ticks * stream.time_base) * rate), _LONGEST * rate)
