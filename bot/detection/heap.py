"""Memory's habits, for those who have loaded all they need and work through many files."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""`mallopt`'s parameters, from glibc's malloc.h."""

_KEPT = 1 << 30


@contextmanager
def uncollected() -> Iterator[None]:
    """What is made meanwhile is not looked through for garbage.

    Rules are many small things that all stay; looking through them over and over while they are
    made took a fifth of the time that their loading took.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def keep() -> None:
    """What was loaded stays; what a file took is kept for the next one (where glibc can).

    Without that the garbage collector walks through all rules again and again, and each file's
    memory is given back and asked for again: page faults were a quarter of the time that unpacking
    and parsing took.
    """
    gc.freeze()
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, _KEPT)
    mallopt(_TRIM_THRESHOLD, _KEPT)
