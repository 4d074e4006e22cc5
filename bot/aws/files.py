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
    # A stack of our own: folders may be nested deeper than Python's calls.
    within: list[Iterator[Path]] = [iter(paths)]
    while within:
        path = next(within[-1], None)
        if path is None:
            within.pop()
            continue
        found = _look(path, seen)
        if isinstance(found, Path | Unreadable):
            yield found
        else:
            within.append(found)


def blobs(files: Iterable[Path | Unreadable], object_bytes: int) -> Iterator[Blob | Unreadable]:
    """The contents of *files*, one after the other. None larger than *object_bytes* is read."""
    for file in files:
        yield file if isinstance(file, Unreadable) else _read(file, object_bytes)


def _look(path: Path, seen: set[tuple[int, int]]) -> Path | Unreadable | Iterator[Path]:
    """*path* itself where it is no folder; of a folder that was not seen yet, what is in it."""
    try:
        status = path.stat()
        if not stat.S_ISDIR(status.st_mode):
            return path
        # A link that leads back up would otherwise be walked for ever.
        if (status.st_dev, status.st_ino) in seen:
            return iter(())
        seen.add((status.st_dev, status.st_ino))
        names = sorted(os.listdir(path))
    except OSError as error:
        return _unreadable(path, error)
    return (path / name for name in names if not name.startswith(".") and name != _DIGESTS)


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
