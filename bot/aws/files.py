"""Folders of CloudTrail files on this machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bot.model import Unreadable
from bot.ports import Blob

_DIGESTS = "CloudTrail-Digest"


def walk(paths: Sequence[Path]) -> Iterator[Path | Unreadable]:
    """The files under *paths*, sorted within each folder, and what could not be looked into.

    Hidden files and CloudTrail's digests are passed over, unless they are named themselves. Links
    are followed, but no folder is entered twice.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        yield from _walk(path, seen)


def blobs(files: Iterable[Path | Unreadable], object_bytes: int) -> Iterator[Blob | Unreadable]:
    """The contents of *files*, one after the other. None larger than *object_bytes* is read."""
    for file in files:
        yield file if isinstance(file, Unreadable) else _read(file, object_bytes)


def _walk(path: Path, seen: set[tuple[int, int]]) -> Iterator[Path | Unreadable]:
    try:
        status = path.stat()
        if not stat.S_ISDIR(status.st_mode):
            yield path
            return
        # A link that leads back up would otherwise be walked for ever.
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        names = sorted(os.listdir(path))
    except OSError as error:
        yield _unreadable(path, error)
        return
    for name in names:
        if not name.startswith(".") and name != _DIGESTS:
            yield from _walk(path / name, seen)


def _read(file: Path, object_bytes: int) -> Blob | Unreadable:
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            # Reading a pipe or a device could wait for ever.
            return Unreadable(where=str(file), reason="it is no ordinary file")
        if status.st_size > object_bytes:
            size, most = f"{status.st_size:,}", f"{object_bytes:,}"
            reason = f"it is {size} bytes, over the limit of {most}"
            return Unreadable(where=str(file), reason=reason)
        return Blob(where=str(file), body=file.read_bytes())
    except OSError as error:
        return _unreadable(file, error)


def _unreadable(path: Path, error: OSError) -> Unreadable:
    return Unreadable(where=str(path), reason=(error.strerror or type(error).__name__).lower())
