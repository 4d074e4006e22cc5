"""What happened around a record, by the fields kept of every record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.model import Around, Calls, Record, Tie, iso, moment
from bot.store.sqlite import Sqlite

_NAMES = 6
_COLUMNS = {Tie.ACTOR: "principal", Tie.TARGET: "target", Tie.ADDRESS: "source_ip"}


class AroundRows(Sqlite):
    """The store's verbs for who looks into an alert."""

    def around(self, record: Record, minutes: int) -> Sequence[Around]:
        """The calls by its actor, on its target and from its address around *record*."""
        at = moment(record.time)
        if at is None:
            return ()
        span = timedelta(minutes=minutes)
        between = (iso(at - span), iso(at + span))
        values = {
            Tie.ACTOR: record.actor.principal,
            Tie.TARGET: record.target,
            Tie.ADDRESS: record.source_ip,
        }
        return [self._tied(tie, value, between, minutes) for tie, value in values.items() if value]

    def _tied(self, tie: Tie, value: str, between: tuple[str, str], minutes: int) -> Around:
        column = _COLUMNS[tie]
        rows = self.reader.execute(
            f"SELECT name, count(*), sum(error_code <> '') FROM records"  # noqa: S608 - constant text
            f" WHERE {column} = ? AND {column} <> '' AND time BETWEEN ? AND ?"
            " GROUP BY name ORDER BY count(*) DESC, name",
            (value, *between),
        ).fetchall()
        return Around(
            tie=tie,
            minutes=minutes,
            times=sum(row[1] for row in rows),
            refused=sum(row[2] for row in rows),
            calls=tuple(Calls(name=row[0], times=row[1], refused=row[2]) for row in rows[:_NAMES]),
        )

    def times_of(self, alert_id: str, limit: int = 1000) -> Sequence[str]:
        """When the findings of an alert happened, oldest first; the newest *limit*."""
        rows = self.reader.execute(
            "SELECT time FROM findings WHERE alert = ? ORDER BY time DESC LIMIT ?",
            (alert_id, limit),
        )
        return sorted(row[0] for row in rows)
