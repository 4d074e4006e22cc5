"""The memory allocator's habits, for those who work through many files."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""`mallopt`'s parameters, from glibc's malloc.h."""

_KEPT = 1 << 30


def keep() -> None:
    """Ask glibc to keep what was freed for the next file. Elsewhere nothing happens.

    Without that each file's memory is given back and asked for again: a quarter of the time that
    unpacking and parsing take was spent on page faults.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, _KEPT)
    mallopt(_TRIM_THRESHOLD, _KEPT)
