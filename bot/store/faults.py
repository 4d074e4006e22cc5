"""What SQLite says went wrong, as a Fault whose sentence says what happened and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import Fault, Unavailable

_MEND = "Whoever runs Callwarden must {}; then try again."
_TROUBLE = {
    sqlite3.SQLITE_BUSY: "The store is busy ({error}): another program holds it. Please try again.",
    sqlite3.SQLITE_FULL: "The store's disk is full: nothing more can be written down. "
    + _MEND.format("make room on it"),
    sqlite3.SQLITE_READONLY: "The store may only be read ({error}): nothing can be written down. "
    + _MEND.format("make its disk and its files writable"),
    sqlite3.SQLITE_IOERR: "The store's disk does not read or write as it should ({error}). "
    + _MEND.format("look at the disk and at its quota"),
    sqlite3.SQLITE_CANTOPEN: "The store's files cannot be opened ({error}). "
    + _MEND.format("see that they are all there and that not too many files are open"),
}
"""The machine's troubles, which pass once somebody mends them; by SQLite's primary code."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises Unavailable for the machine's troubles; anything else is a bug and stays as it is."""
    try:
        yield
    except sqlite3.Error as error:
        sentence = _TROUBLE.get(_code(error))
        if sentence is None:
            raise
        raise Unavailable(sentence.format(error=error)) from error


@contextmanager
def translated_damage(what: str) -> Iterator[None]:
    """Likewise where *what* is read; and Fault where SQLite cannot make sense of the file."""
    try:
        with translated():
            yield
    except sqlite3.Error as error:
        if not _code(error):
            raise
        raise Fault(
            f"{what} cannot be read: {error}. The file is damaged or was tampered with: keep it as"
            " it is, and compare it with a back-up."
        ) from error


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary code, which is the low byte; 0 where Python raised the error by itself."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF
