"""Snoozes as rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

import msgspec

from bot.model import Ask, Decision, Snooze, SnoozeState
from bot.ports import SnoozeChange, SnoozeJudge
from bot.store import counts, decisions, ledger, outbox
from bot.store.alerts import get
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_decode = msgspec.json.Decoder(Snooze).decode
_encode = msgspec.json.Encoder().encode


def standing(db: sqlite3.Connection) -> list[Snooze]:
    """Those that are asked for or on, the first to end first."""
    rows = db.execute("SELECT body FROM snoozes WHERE state <> 'over' ORDER BY until, id")
    return [_decode(row[0]) for row in rows]


def put(db: sqlite3.Connection, snooze: Snooze) -> None:
    """Write a snooze, new or changed."""
    db.execute(
        "INSERT INTO snoozes VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, until = excluded.until,"
        " body = excluded.body",
        (
            snooze.id,
            snooze.alert,
            snooze.key,
            snooze.state,
            snooze.until,
            snooze.at,
            _encode(snooze),
        ),
    )


def write(db: sqlite3.Connection, changes: Iterable[SnoozeChange], now: str) -> None:
    """Write changes with their lines for the ledger and what must be sent."""
    for change in changes:
        put(db, change.snooze)
        outbox.put(db, change.sends, now)
        if change.entry is not None:
            ledger.append(db, change.entry)


class SnoozeRows(Sqlite):
    """The store's verbs about snoozes."""

    def snooze(self, snooze_id: str) -> Snooze | None:
        """The snooze as it is now."""
        row = self.reader.execute("SELECT body FROM snoozes WHERE id = ?", (snooze_id,)).fetchone()
        return _decode(row[0]) if row else None

    def snoozes(self, states: Sequence[SnoozeState], limit: int = 100) -> Sequence[Snooze]:
        """Snoozes in *states*, those that end first first."""
        holes = ", ".join("?" * len(states))
        rows = self.reader.execute(
            f"SELECT body FROM snoozes WHERE state IN ({holes})"  # noqa: S608 - holes
            " ORDER BY until, id LIMIT ?",
            (*states, limit),
        )
        return [_decode(row[0]) for row in rows]

    def decide_snooze(self, ask: Ask, judge: SnoozeJudge) -> Decision:
        """Judge and write in one step. The same key again returns the first decision."""
        with self.writing(Turn.CLICK) as db:
            if first := decisions.known(db, ask.key):
                return first
            verdict = judge(ask, get(db, ask.alert), standing(db))
            if verdict.snooze is not None:
                put(db, verdict.snooze)
            return decisions.write(db, verdict)

    def change_snoozes(
        self, change: Callable[[Sequence[Snooze]], Sequence[SnoozeChange]], now: str
    ) -> int:
        """Write what *change* makes of those that are asked for or on."""
        with self.writing(Turn.INTAKE) as db:
            changes = change(standing(db))
            write(db, changes, now)
            counts.add(db, "snoozes.over", len(changes))
        self.tidy()
        return len(changes)
