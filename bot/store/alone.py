"""One writing process a store: a second `callwarden run` on the same file is refused."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from bot.errors import Conflict, Unavailable


class Alone:
    """Held for as long as the process lives; the operating system lets go of it at a kill."""

    def __init__(self, database: Path) -> None:
        """Raises Conflict where another process holds the store, Unavailable where its lock file
        cannot be made."""
        # The real file's lock: by a link it is the same store. (Path.resolve stumbles over loops.)
        lock = f"{os.path.realpath(database)}-run"
        try:
            self._connection = sqlite3.connect(
                lock, timeout=0, isolation_level=None, check_same_thread=False
            )
        except sqlite3.OperationalError as error:
            raise _unusable(lock, error) from error
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise _unusable(lock, error) from error
            raise Conflict(
                f"Another callwarden runs on {database} already. Stop that one first: two would"
                " post everything twice.",
                first="another process",
            ) from error

    def close(self) -> None:
        """Let go."""
        self._connection.close()


def _unusable(lock: str, error: sqlite3.DatabaseError) -> Unavailable:
    return Unavailable(f"The lock file {lock} cannot be used: {error}.")
