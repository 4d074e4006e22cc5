"""What happened around a record, by the fields kept of every record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.model import Around, Calls, Dot, Record, Tie, Track, iso, moment
from bot.store.sqlite import Sqlite

_NAMES = 6
_COLUMNS = {Tie.ACTOR: "principal", Tie.TARGET: "target", Tie.ADDRESS: "source_ip"}


class AroundRows(Sqlite):
    """The store's verbs for who looks into an alert."""

    def around(self, record: Record, minutes: int) -> Sequence[Around]:
        """The calls by its actor, on its target and from its address around *record*."""
        between = _between(record, minutes)
        if between is None:
            return ()
        shared = _shared(record)
        return [self._tied(tie, value, between, minutes) for tie, value in shared.items() if value]

    def tracks(self, record: Record, alert_id: str, minutes: int) -> Sequence[Track]:
        """The same calls second by second; those of the alert are its own."""
        between = _between(record, minutes)
        if between is None:
            return ()
        shared = _shared(record)
        return [
            Track(tie=tie, name=value, dots=self._dots(tie, value, between, alert_id))
            for tie, value in shared.items()
            if value
        ]

    def _dots(
        self, tie: Tie, value: str, between: tuple[str, str], alert_id: str
    ) -> tuple[Dot, ...]:
        column = _COLUMNS[tie]
        rows = self.reader.execute(
            "SELECT substr(time, 1, 19), count(*), sum(error_code <> ''),"  # noqa: S608 - constant text
            " max(id IN (SELECT record FROM findings WHERE alert = ?)) FROM records"
            f" WHERE {column} = ? AND {column} <> '' AND time BETWEEN ? AND ?"
            " GROUP BY 1 ORDER BY 1",
            (alert_id, value, *between),
        )
        return tuple(
            Dot(at=f"{row[0]}Z", times=row[1], refused=row[2], own=bool(row[3])) for row in rows
        )

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


def _between(record: Record, minutes: int) -> tuple[str, str] | None:
    """From when to when is around *record*; None where it has no time."""
    at = moment(record.time)
    span = timedelta(minutes=minutes)
    return None if at is None else (iso(at - span), iso(at + span))


def _shared(record: Record) -> dict[Tie, str]:
    """What other records may share with it."""
    return {
        Tie.ACTOR: record.actor.principal,
        Tie.TARGET: record.target,
        Tie.ADDRESS: record.source_ip,
    }
