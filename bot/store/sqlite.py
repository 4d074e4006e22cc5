"""The SQLite file: one writing connection behind the gate, one reading connection a thread."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from bot.errors import Fault, Unavailable
from bot.store.faults import translated
from bot.store.gate import Gate, Turn
from bot.store.migrations import check_ours, migrations

PATIENCE = 1.0
"""Seconds that we wait for another program's lock (a back-up, somebody's sqlite3 shell). A click
may wait twice: behind the intake at the gate, and for itself; its ack must leave within 2.5 s."""


LONG_LOG = 4 * 1024 * 1024
"""Bytes of write-ahead log from which on it is worth moving into the file."""


class Sqlite:
    """Connections to one file. Reads see the last committed state and never wait for a write."""

    def __init__(self, path: Path | str) -> None:
        """Open *path*, making it and bringing its schema up to date.

        Raises Fault where the file is no database of ours, Unavailable where it is locked.
        """
        self._path = str(path)
        self._gate = Gate()
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._tidying = threading.Lock()
        try:
            self._writer = self._bare()
            check_ours(Database(self._writer), self._path)
            self._tune(self._writer)
            migrations.apply(Database(self._writer))
        except sqlite3.OperationalError as error:
            self.close()
            raise Unavailable(f"The store {path} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            self.close()
            raise Fault(f"{path} is not a Callwarden store: {error}.") from error
        except Fault:
            self.close()
            raise

    def _bare(self) -> sqlite3.Connection:
        # check_same_thread is off only so that close() may run in another thread; each reading
        # connection is used by one thread, the writing one only behind the gate.
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        with self._guard:
            self._open.append(connection)
        return connection

    @staticmethod
    def _tune(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        # FULL: what we told SQS to forget must survive a power cut, not only a kill.
        connection.execute("PRAGMA synchronous = FULL")
        # By itself SQLite would do it inside somebody's COMMIT, and a click behind it waits.
        connection.execute("PRAGMA wal_autocheckpoint = 0")

    @property
    def reader(self) -> sqlite3.Connection:
        """This thread's reading connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._bare()
            self._tune(connection)
            connection.execute("PRAGMA query_only = ON")
            self._local.reader = connection
        return connection

    @contextmanager
    def writing(self, turn: Turn) -> Iterator[sqlite3.Connection]:
        """A transaction in which we alone write: all of it or nothing.

        Raises Unavailable where another program holds the file or its disk takes nothing.
        """
        with self._gate.hold(turn), translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                # A full disk has SQLite roll back by itself; a failed COMMIT leaves it to us.
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def tidy(self) -> None:
        """Move what the write-ahead log holds into the file, where it has grown long.

        Writers are not held up: this is outside the gate, and a passive checkpoint waits for
        nobody. Called by those who write much and for whom nobody waits.
        """
        if not self._tidying.acquire(blocking=False):
            return
        try:
            if _size(f"{self._path}-wal") >= LONG_LOG:
                with translated():
                    self.reader.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            self._tidying.release()

    def close(self) -> None:
        """Close every connection. Safe to call twice."""
        with self._gate.hold(Turn.CLICK), self._guard:
            for connection in self._open:
                connection.close()
            self._open.clear()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
