"""Snoozes as rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence

from bot.model import Alert, Ask, Decision, Level, Scope, Snooze, SnoozeState, snooze_key
from bot.ports import Folded, SnoozeChange, SnoozeJudge, Storming, Waking
from bot.store import alerts, counts, decisions, ledger, outbox, storms
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite
from bot.store.standing import SNOOZES

# The ids of storms begin otherwise. By itself SQLite would go through every open alert.
_LEFT_QUIET = (
    "SELECT a.id, s.id FROM alerts a INDEXED BY alerts_held JOIN snoozes s ON s.id = a.held"
    " WHERE a.held >= 'SN-' AND a.held < 'SN.' AND a.held <> '' AND s.state = 'over'"
    " AND a.state = 'open' AND a.rank >= ? ORDER BY a.rank DESC, a.opened_at, a.id LIMIT ?"
)


def write(db: sqlite3.Connection, changes: Iterable[SnoozeChange], now: str) -> None:
    """Write changes with their lines for the ledger and what must be sent."""
    for change in changes:
        SNOOZES.put(db, change.snooze)
        outbox.put(db, change.sends, now)
        if change.entry is not None:
            ledger.append(db, change.entry)


class SnoozeRows(Sqlite):
    """The store's verbs about snoozes."""

    def snooze(self, snooze_id: str) -> Snooze | None:
        """The snooze as it is now."""
        return SNOOZES.get(self.reader, snooze_id)

    def snoozes(
        self, states: Sequence[SnoozeState], limit: int = 100, offset: int = 0
    ) -> Sequence[Snooze]:
        """Snoozes in *states*, those that end first first."""
        return SNOOZES.listed(self.reader, states, limit, offset)

    def how_many_snoozes(self, states: Sequence[SnoozeState]) -> int:
        """How many `snoozes` would give without a limit."""
        return SNOOZES.counted(self.reader, states)

    def snoozes_standing(self) -> Sequence[Snooze]:
        """All that are asked for or on, those that end first first."""
        return SNOOZES.standing(self.reader)

    def snoozes_about(self, alert: Alert) -> Sequence[Snooze]:
        """Those asked for or on that are for *alert* as it is, those that end first first."""
        found = SNOOZES.told_by(self.reader, [snooze_key(scope, alert) for scope in Scope])
        return [one for one in found if one.is_about(alert)]

    def decide_snooze(self, ask: Ask, judge: SnoozeJudge, since: str) -> Decision:
        """Judge and write in one step. The same key again returns the first decision."""
        with self.writing(Turn.CLICK) as db:
            on, lately = SNOOZES.standing(db), SNOOZES.over_since(db, since)
            return decisions.once(db, ask, lambda ask, alert: judge(ask, alert, on, lately))

    def change_snoozes(
        self, change: Callable[[Sequence[Snooze]], Sequence[SnoozeChange]], now: str
    ) -> int:
        """Write what *change* makes of those that are asked for or on."""
        with self.writing(Turn.INTAKE) as db:
            changes = change(SNOOZES.standing(db))
            write(db, changes, now)
            counts.add(db, "snoozes.over", len(changes))
        self.tidy()
        return len(changes)

    def bring_out(
        self, wakes: Waking, storming: Storming, now: str, *, least: Level, most: int = 20
    ) -> int:
        """Write what *wakes* makes of open alerts from *least* on whose snoozes are over."""
        # Mostly there is none, and looking needs no turn at the gate.
        if self.reader.execute(_LEFT_QUIET, (least.rank, 1)).fetchone() is None:
            return 0
        with self.writing(Turn.INTAKE) as db:
            on = SNOOZES.standing(db)
            woken: dict[str, Folded] = {}
            for alert_id, named in db.execute(_LEFT_QUIET, (least.rank, most)).fetchall():
                alert, over = alerts.get(db, alert_id), SNOOZES.get(db, named)
                assert alert is not None
                assert over is not None
                woken[alert_id] = wakes(alert, over, on)
            storms.bring_out(db, storming, woken, now)
        self.tidy()
        return len(woken)
