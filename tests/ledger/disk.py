"""What a process did to its files, in order, and what is left of them if it, or the machine, ends.

Invariant: ``killed`` gives the files exactly as the process had made them; ``power_cut`` only what
had been synced by then, names and contents each for themselves.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path, PurePosixPath
from struct import Struct
from typing import TypeAlias

import pytest

SOURCE = Path(__file__).with_name("disk.c")

Files: TypeAlias = Mapping[PurePosixPath, bytes | None]
"""The files below a directory by their path, None for a directory."""


def build(directory: Path) -> Path:
    """Compile the library that stands between a process and its files; skip without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler: a disk that breaks cannot be built")
    library = directory / "disk.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - cc
    if done.returncode:
        pytest.skip(f"the disk that breaks is for another system: {done.stderr.splitlines()[0]}")
    return library


def under(library: Path, root: Path, journal: Path | None = None) -> dict[str, str]:
    """Return the environment of a process of which all files below ``root`` are watched."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "DISK_ROOT": str(root)}
    return environment if journal is None else {**environment, "DISK_JOURNAL": str(journal)}


class Kind(IntEnum):
    """What was done."""

    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    SYNC_NAMES = 5
    RENAME = 6
    UNLINK = 7
    MKDIR = 8
    RMDIR = 9
    LINK = 10
    NOTE = 11


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a file, or a note of the process."""

    kind: Kind
    inode: int
    offset: int
    name: PurePosixPath
    other: PurePosixPath
    data: bytes


_HEADER = Struct("=IIIIQQ")


def operations(journal: Path, root: Path) -> Iterator[Operation]:
    """Yield what a journal holds, with names below ``root``."""
    read = journal.read_bytes()
    start = 0
    while start < len(read):
        kind, *lengths, inode, offset = _HEADER.unpack_from(read, start)
        start += _HEADER.size
        parts = []
        for length in lengths:
            parts.append(read[start : start + length])
            start += length
        name, other, data = parts
        yield Operation(Kind(kind), inode, offset, _below(root, name), _below(root, other), data)


def _below(root: Path, name: bytes) -> PurePosixPath:
    return PurePosixPath(os.fsdecode(name)).relative_to(root) if name else PurePosixPath()


Names: TypeAlias = dict[PurePosixPath, int | None]
"""Which file a path leads to, by the number of its creation; None for a directory."""


@dataclass(slots=True)
class Disk:
    """The files below a root as the operations so far made them, and as they were synced."""

    names: Names = field(default_factory=dict)
    contents: list[bytearray] = field(default_factory=list)
    synced_names: dict[PurePosixPath, Names] = field(default_factory=dict)
    synced_contents: dict[int, bytes] = field(default_factory=dict)
    notes: list[int] = field(default_factory=list)
    _files: dict[int, int] = field(default_factory=dict)

    def do(self, operation: Operation) -> None:
        """Do one operation."""
        name = operation.name
        match operation.kind:
            case Kind.CREATE:
                self.names[name] = self._files[operation.inode] = len(self.contents)
                self.contents.append(bytearray())
            case Kind.WRITE | Kind.TRUNCATE | Kind.SYNC:
                self._do_to_contents(operation, self._files[operation.inode])
            case Kind.SYNC_NAMES:
                below = {each: file for each, file in self.names.items() if each.parent == name}
                self.synced_names[name] = below
            case Kind.RENAME:
                self.names[operation.other] = self.names.pop(name)
            case Kind.LINK:
                self.names[operation.other] = self.names[name]
            case Kind.UNLINK | Kind.RMDIR:
                del self.names[name]
            case Kind.MKDIR:
                self.names[name] = None
            case Kind.NOTE:
                self.notes.append(operation.offset)

    def _do_to_contents(self, operation: Operation, file: int) -> None:
        content, start = self.contents[file], operation.offset
        if operation.kind is Kind.SYNC:
            self.synced_contents[file] = bytes(content)
            return
        content.extend(bytes(max(0, start - len(content))))
        if operation.kind is Kind.TRUNCATE:
            del content[start:]
        else:
            content[start : start + len(operation.data)] = operation.data

    def killed(self) -> Files:
        """Return the files as they are if the process ends now."""
        return self.power_cut(names=True, contents=True)

    def power_cut(self, *, names: bool, contents: bool) -> Files:
        """Return the files as they are if the machine ends now.

        ``names`` and ``contents`` tell whether those reached the disk that nobody had synced.
        """
        left = self.names if names else dict(self._synced_below(PurePosixPath()))
        return {
            name: None if file is None else self._content(file, contents)
            for name, file in left.items()
        }

    def _synced_below(self, directory: PurePosixPath) -> Iterator[tuple[PurePosixPath, int | None]]:
        for name, file in self.synced_names.get(directory, {}).items():
            yield name, file
            if file is None:
                yield from self._synced_below(name)

    def _content(self, file: int, unsynced: bool) -> bytes:
        return bytes(self.contents[file]) if unsynced else self.synced_contents.get(file, b"")


def lay(files: Files, directory: Path) -> Path:
    """Write ``files`` below a new ``directory``."""
    directory.mkdir()
    for name, content in sorted(files.items()):
        if content is None:
            (directory / name).mkdir()
        else:
            (directory / name).write_bytes(content)
    return directory
