"""Exceptions as rows, and the findings they are judged by."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from bot.model import Ask, Decision, Exemption, ExemptionState, Level, Past, Record
from bot.ports import ExemptionChange, ExemptionJudge
from bot.store import counts, decisions, ledger, outbox
from bot.store.alerts import get
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_decode = msgspec.json.Decoder(Exemption).decode
_encode = msgspec.json.Encoder().encode
_record = msgspec.json.Decoder(Record).decode


def standing(db: sqlite3.Connection) -> list[Exemption]:
    """Those that are proposed or on, the first to end first."""
    rows = db.execute("SELECT body FROM exemptions WHERE state <> 'over' ORDER BY until, id")
    return [_decode(row[0]) for row in rows]


def on(db: sqlite3.Connection) -> list[Exemption]:
    """Those that are on."""
    return [one for one in standing(db) if one.state is ExemptionState.ON]


def put(db: sqlite3.Connection, exemption: Exemption) -> None:
    """Write an exception, new or changed."""
    db.execute(
        "INSERT INTO exemptions VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, until = excluded.until,"
        " body = excluded.body",
        (
            exemption.id,
            exemption.alert,
            exemption.rule,
            exemption.state,
            exemption.until,
            exemption.at,
            _encode(exemption),
        ),
    )


class ExemptionRows(Sqlite):
    """The store's verbs about exceptions."""

    def exemption(self, exemption_id: str) -> Exemption | None:
        """The exception as it is now."""
        row = self.reader.execute(
            "SELECT body FROM exemptions WHERE id = ?", (exemption_id,)
        ).fetchone()
        return _decode(row[0]) if row else None

    def exemptions(self, states: Sequence[ExemptionState], limit: int = 100) -> Sequence[Exemption]:
        """Exceptions in *states*, those that end first first."""
        holes = ", ".join("?" * len(states))
        rows = self.reader.execute(
            f"SELECT body FROM exemptions WHERE state IN ({holes})"  # noqa: S608 - holes
            " ORDER BY until, id LIMIT ?",
            (*states, limit),
        )
        return [_decode(row[0]) for row in rows]

    def decide_exemption(self, ask: Ask, judge: ExemptionJudge) -> Decision:
        """Judge and write in one step. The same key again returns the first decision."""
        with self.writing(Turn.CLICK) as db:
            if first := decisions.known(db, ask.key):
                return first
            verdict = judge(ask, get(db, ask.alert), standing(db))
            if verdict.exemption is not None:
                put(db, verdict.exemption)
            return decisions.write(db, verdict)

    def change_exemptions(
        self, change: Callable[[Sequence[Exemption]], Sequence[ExemptionChange]], now: str
    ) -> int:
        """Write what *change* makes of those that are proposed or on."""
        with self.writing(Turn.INTAKE) as db:
            changes = change(standing(db))
            for one in changes:
                put(db, one.exemption)
                # It may outlive its alert: then there is no thread that could be told.
                outbox.put(db, one.sends if get(db, one.exemption.alert) else (), now)
                if one.entry is not None:
                    ledger.append(db, one.entry)
            counts.add(db, "exemptions.over", len(changes))
        self.tidy()
        return len(changes)

    def findings_of_rule(self, rule: str, limit: int = 1000) -> Sequence[Past]:
        """The newest findings of *rule*, newest first, also those that an exception hid."""
        rows = self.reader.execute(
            "SELECT f.time, f.level, r.body FROM findings f JOIN records r ON r.id = f.record"
            " WHERE f.rule = ? AND r.body IS NOT NULL ORDER BY f.time DESC, f.id LIMIT ?",
            (rule, limit),
        )
        return [
            Past(time=time, level=Level(level), record=_record(body)) for time, level, body in rows
        ]
