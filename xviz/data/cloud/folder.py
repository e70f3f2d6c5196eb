"""The files that a person brings for one room, each read when asked for; those left out have their reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from xviz.core.errors import SampleError
from xviz.data.cloud.read import LIMIT_BYTES
from xviz.data.files import MOST_FILES, File, open_zip, read_bytes

Sources = File | Sequence[tuple[str, bytes]]

#: files that systems put beside those of people
_SYSTEM = re.compile(
    r"(^|/)(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini|\.git[^/]*)$|(^|/)(__MACOSX|\.git|\.ipynb_checkpoints)/"
)


@dataclass(frozen=True, eq=False)
class Files:
    """Files by path, each read when asked for."""

    held: Mapping[str, Callable[[], bytes]]
    sizes: Mapping[str, int] = field(default_factory=dict)  #: bytes of each
    left_out: dict[str, str] = field(default_factory=dict)  #: path → why it was not used

    @property
    def names(self) -> tuple[str, ...]:
        """All paths."""
        return tuple(self.held)

    def read(self, name: str) -> bytes:
        """The bytes of one."""
        return self.held[name]()

    def peek(self, name: str, most: int = 1 << 14) -> bytes:
        """The first bytes of one; none where it is damaged."""
        try:
            return self.read(name)[:most]
        except SampleError:
            return b""

    def within(self, names: Iterable[str]) -> Files:
        """Some of them, sharing what was left out."""
        contents = {name: self.held[name] for name in names}
        return Files(contents, self.sizes, self.left_out)

    def named(self, pattern: str) -> list[str]:
        """Those whose path, in small letters, has the pattern."""
        return [name for name in self.held if re.search(pattern, name.lower())]

    def beside(self, name: str) -> Callable[[str], bytes | None]:
        """What reads a file that another names, by its path from there or by its own name anywhere."""
        folder = PurePosixPath(name).parent

        def read(wanted: str) -> bytes | None:
            plain = wanted.replace("\\", "/").lstrip("./")
            short = PurePosixPath(plain).name.lower()
            for other in (
                (folder / plain).as_posix(),
                *(n for n in self.held if PurePosixPath(n).name.lower() == short),
            ):
                if other in self.held:
                    return self.read(other)
            return None

        return read


def files_of(sources: Sources) -> Files:
    """What there is to read, zips opened, without what systems add.

    Raises:
        SampleError: a zip is refused, or there is too much.
    """
    readers, sizes, left_out = {}, {}, {}
    if isinstance(sources, Path) and sources.is_dir():
        for path in sorted(sources.rglob("*")):
            if path.is_file() and not path.is_symlink():
                name = path.relative_to(sources).as_posix()
                readers[name] = lambda path=path: read_bytes(path, LIMIT_BYTES)
                sizes[name] = path.stat().st_size
        return _without_system(readers, sizes, left_out)
    contents = [("", read_bytes(sources, LIMIT_BYTES))] if isinstance(sources, bytes | Path) else sources
    if isinstance(sources, Path) and sources.suffix.lower() != ".zip":
        contents = [(sources.name, read_bytes(sources, LIMIT_BYTES))]
    if not isinstance(contents, Sequence):
        contents = [("", read_bytes(contents, LIMIT_BYTES))]
    if not contents or len(contents) > MOST_FILES:
        raise SampleError(
            f"A room is 1 to {MOST_FILES:,} files; {len(contents):,} came. Bring a cloud and some photos."
        )
    for name, data in contents:
        if data[:2] == b"PK" and not name.lower().endswith(".npz"):
            archive = open_zip(data)
            left_out.update(archive.left_out)
            for path, entry in archive.members.items():
                readers[path] = lambda archive=archive, path=path: archive.read(path)
                sizes[path] = entry.file_size
        else:
            name = name.replace("\\", "/") or "file"
            readers[name] = lambda data=data: data
            sizes[name] = len(data)
    return _without_system(readers, sizes, left_out)


def _without_system(readers: dict[str, Callable[[], bytes]], sizes: dict[str, int], left_out: dict[str, str]) -> Files:
    """The files without those that systems add."""
    for name in [name for name in readers if _SYSTEM.search(name)]:
        del readers[name]
        left_out[name] = "a file of the operating system"
    return Files(readers, sizes, left_out)
