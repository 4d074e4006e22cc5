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
from bot.store.standing import EXEMPTIONS

_record = msgspec.json.Decoder(Record).decode


def on(db: sqlite3.Connection) -> list[Exemption]:
    """Those that are on."""
    return [one for one in EXEMPTIONS.standing(db) if one.is_on]


class ExemptionRows(Sqlite):
    """The store's verbs about exceptions."""

    def exemption(self, exemption_id: str) -> Exemption | None:
        """The exception as it is now."""
        return EXEMPTIONS.get(self.reader, exemption_id)

    def exemptions(
        self, states: Sequence[ExemptionState], limit: int = 100, offset: int = 0
    ) -> Sequence[Exemption]:
        """Exceptions in *states*, those that end first first."""
        return EXEMPTIONS.listed(self.reader, states, limit, offset)

    def how_many_exemptions(self, states: Sequence[ExemptionState]) -> int:
        """How many `exemptions` would give without a limit."""
        return EXEMPTIONS.counted(self.reader, states)

    def decide_exemption(self, ask: Ask, judge: ExemptionJudge) -> Decision:
        """Judge and write in one step. The same key again returns the first decision."""
        with self.writing(Turn.CLICK) as db:
            standing = EXEMPTIONS.standing(db)
            return decisions.once(db, ask, lambda ask, alert: judge(ask, alert, standing))

    def change_exemptions(
        self, change: Callable[[Sequence[Exemption]], Sequence[ExemptionChange]], now: str
    ) -> int:
        """Write what *change* makes of those that are proposed or on."""
        with self.writing(Turn.INTAKE) as db:
            changes = change(EXEMPTIONS.standing(db))
            for one in changes:
                EXEMPTIONS.put(db, one.exemption)
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
