"""What storms that are over still hold back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bot.model import Level, Storm
from bot.ports import Left, Storming
from bot.store import alerts, storms
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_LEVELS = tuple(Level)


def _left(db: sqlite3.Connection, storm: Storm) -> Left:
    rows = db.execute(
        "SELECT rank, count(*) FROM alerts INDEXED BY alerts_held WHERE held = ? AND held <> ''"
        " AND state = 'open' GROUP BY rank ORDER BY rank DESC",
        (storm.id,),
    )
    return Left(storm=storm, open={_LEVELS[rank]: number for rank, number in rows})


def left(db: sqlite3.Connection, storm_id: str) -> Left | None:
    """What the storm holds back now; None where it is gone, or on."""
    found = storms.listed(db, "id = ? AND ended_at <> ''", storm_id)
    return _left(db, found[0]) if found else None


class AftermathRows(Sqlite):
    """The store's verbs about what storms left behind."""

    def show_after_storms(self, rules: Storming, now: str, *, since: str, least: Level) -> int:
        """Bring out what storms that are over still hold back, as far as there is room."""
        over = storms.listed(
            self.reader,
            "ended_at >= ? AND ended_at <> '' AND EXISTS (SELECT 1 FROM alerts a"
            " INDEXED BY alerts_held WHERE a.held = storms.id AND a.held <> ''"
            " AND a.rank >= ? AND a.state = 'open')",
            since,
            least.rank,
        )
        return sum(self._show(storm, rules, now, least) for storm in over)

    def _show(self, storm: Storm, rules: Storming, now: str, least: Level) -> int:
        with self.writing(Turn.INTAKE) as db:
            if storms.on(db, storm.channel):
                return 0
            shown = db.execute(
                "SELECT count(*) FROM alerts WHERE storm = ? AND storm <> '' AND held = ''"
                " AND rank >= ?",
                (storm.id, least.rank),
            ).fetchone()[0]
            room = rules.room(shown, storms.arrived(db, storm.channel, now), now)
            rows = db.execute(
                "SELECT body, channel, ts FROM alerts INDEXED BY alerts_held WHERE held = ?"
                " AND held <> '' AND rank >= ? AND state = 'open'"
                " ORDER BY rank DESC, opened_at, id LIMIT ?",
                (storm.id, least.rank, room),
            ).fetchall()
            held = [alerts.read(*row) for row in rows]
            out = {alert.id: rules.out(alert, storm, now) for alert in held}
            storms.bring_out(db, rules, out, now)
        return len(out)

    def left_by_storms(self) -> Sequence[Left]:
        """What storms that are over still hold back."""
        over = storms.listed(
            self.reader,
            "ended_at <> '' AND EXISTS (SELECT 1 FROM alerts a INDEXED BY alerts_held"
            " WHERE a.held = storms.id AND a.held <> '' AND a.state = 'open')",
        )
        return [_left(self.reader, storm) for storm in over]
