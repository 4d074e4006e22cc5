"""What stands until it is over, as rows: snoozes and exceptions alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeVar

import msgspec

from bot.model import Exemption, Snooze

One = TypeVar("One", Snooze, Exemption)

_encode = msgspec.json.Encoder().encode


class Table(Generic[One]):
    """The rows of a table; its third column, *by*, finds them by what *value* reads of each."""

    def __init__(self, name: str, kind: type[One], by: str, value: Callable[[One], str]) -> None:
        self._name = name
        self._by = by
        self._decode: Callable[[bytes], One] = msgspec.json.Decoder(kind).decode
        self._value: Callable[[One], str] = value

    def get(self, db: sqlite3.Connection, named: str) -> One | None:
        """The one with this id, as it is now."""
        row = db.execute(
            f"SELECT body FROM {self._name} WHERE id = ?",  # noqa: S608 - our own name
            (named,),
        ).fetchone()
        return self._decode(row[0]) if row else None

    def standing(self, db: sqlite3.Connection) -> list[One]:
        """Those that are not over, the first to end first."""
        rows = db.execute(
            f"SELECT body FROM {self._name} WHERE state <> 'over' ORDER BY until, id"  # noqa: S608 - our own name
        )
        return [self._decode(row[0]) for row in rows]

    def told_by(self, db: sqlite3.Connection, values: Collection[str]) -> list[One]:
        """Those that are not over and are found by one of *values*, the first to end first."""
        holes = ", ".join("?" * len(values))
        rows = db.execute(
            f"SELECT body FROM {self._name} WHERE state <> 'over' AND {self._by} IN ({holes})"  # noqa: S608 - our own names and holes
            " ORDER BY until, id",
            tuple(values),
        )
        return [self._decode(row[0]) for row in rows]

    def over_since(self, db: sqlite3.Connection, since: str) -> list[One]:
        """Those that are over and were asked for from *since* (ISO) on, the first to end first."""
        rows = db.execute(
            f"SELECT body FROM {self._name} WHERE state = 'over' AND at >= ? ORDER BY until, id",  # noqa: S608 - our own name
            (since,),
        )
        return [self._decode(row[0]) for row in rows]

    def counted(self, db: sqlite3.Connection, states: Sequence[str]) -> int:
        """How many are in *states*."""
        holes = ", ".join("?" * len(states))
        found: int = db.execute(
            f"SELECT count(*) FROM {self._name} WHERE state IN ({holes})",  # noqa: S608 - as below
            tuple(states),
        ).fetchone()[0]
        return found

    def listed(
        self, db: sqlite3.Connection, states: Sequence[str], limit: int, offset: int = 0
    ) -> list[One]:
        """Those in *states*, the first to end first."""
        holes = ", ".join("?" * len(states))
        rows = db.execute(
            f"SELECT body FROM {self._name} WHERE state IN ({holes})"  # noqa: S608 - name and holes
            " ORDER BY until, id LIMIT ? OFFSET ?",
            (*states, limit, offset),
        )
        return [self._decode(row[0]) for row in rows]

    def put(self, db: sqlite3.Connection, one: One) -> None:
        """Write one, new or changed."""
        db.execute(
            f"INSERT INTO {self._name} VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own name
            " ON CONFLICT (id) DO UPDATE SET state = excluded.state, until = excluded.until,"
            " body = excluded.body",
            (one.id, one.alert, self._value(one), one.state, one.until, one.at, _encode(one)),
        )


SNOOZES = Table("snoozes", Snooze, "key", lambda one: one.key)
EXEMPTIONS = Table("exemptions", Exemption, "rule", lambda one: one.rule)
