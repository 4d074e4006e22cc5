"""What happened around a record, by the fields kept of every record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.model import Around, Calls, Dot, Neighbour, Record, Related, Tie, Track, iso, moment
from bot.store.sqlite import Sqlite

_COUNTED = 5_000
"""Records of a tie that are counted: in a flood the number says no more."""

_NAMES = 6
_COLUMNS = {Tie.ACTOR: "principal", Tie.TARGET: "target", Tie.ADDRESS: "source_ip"}


class AroundRows(Sqlite):
    """The store's verbs for who looks into an alert."""

    def around(self, record: Record, minutes: int) -> Sequence[Around]:
        """The calls by its actor, on its target and from its address around *record*."""
        between = _between(record, minutes)
        if between is None:
            return ()
        shared = _shared(record).items()
        return [self._tied(tie, value, between, minutes) for tie, value in shared]

    def tracks(self, record: Record, alert_id: str, minutes: int) -> Sequence[Track]:
        """The same calls second by second; those of the alert are its own."""
        between = _between(record, minutes)
        if between is None:
            return ()
        return [
            Track(tie=tie, name=value, dots=self._dots(tie, value, between, alert_id))
            for tie, value in _shared(record).items()
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

    def related(self, alert_id: str, record: Record, minutes: int, limit: int = 10) -> Related:
        """The records nearest to *record* that share a tie with it and are not the alert's own."""
        at = moment(record.time)
        if at is None:
            return Related(minutes=minutes)
        span = timedelta(minutes=minutes)
        ties = _shared(record)
        rows: dict[int, tuple[datetime, Neighbour]] = {}
        for tie, value in ties.items():
            for first, last, order in ((at - span, at, "DESC"), (at, at + span, "ASC")):
                found = self.reader.execute(
                    "SELECT rowid, time, name, error_code, principal, target, source_ip"
                    f" {_others(tie)} ORDER BY time {order} LIMIT ?",
                    (value, iso(first), iso(last), alert_id, limit),
                )
                rows |= {row[0]: _neighbour(row, ties) for row in found}
        near = sorted(rows.values(), key=lambda one: (abs(one[0] - at), at - one[0]))[:limit]
        near.sort(key=lambda one: one[0], reverse=True)
        every = self._counted(ties, (iso(at - span), iso(at + span)), alert_id)
        return Related(
            minutes=minutes,
            nearest=tuple(one for _, one in near),
            more=max(0, every - len(near)),
            at_least=every >= _COUNTED,
        )

    def _counted(self, ties: Mapping[Tie, str], between: tuple[str, str], alert_id: str) -> int:
        """How many share a tie; of each no more than `_COUNTED`."""
        if not ties:
            return 0
        some = [
            f"SELECT rowid FROM (SELECT rowid {_others(tie)} LIMIT {_COUNTED})"  # noqa: S608 - constant text
            for tie in ties
        ]
        values = [one for value in ties.values() for one in (value, *between, alert_id)]
        statement = f"SELECT count(*) FROM ({' UNION '.join(some)})"  # noqa: S608 - constant text
        found: int = self.reader.execute(statement, values).fetchone()[0]
        return found

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
    """What other records may share with it; what it does not name is shared with none."""
    values = {
        Tie.ACTOR: record.actor.principal,
        Tie.TARGET: record.target,
        Tie.ADDRESS: record.source_ip,
    }
    return {tie: value for tie, value in values.items() if value}


def _others(tie: Tie) -> str:
    """Records with a value of *tie*, between two times, that are not an alert's own."""
    column = _COLUMNS[tie]
    return (
        f"FROM records WHERE {column} = ? AND {column} <> '' AND time BETWEEN ? AND ?"  # noqa: S608 - constant text
        " AND id NOT IN (SELECT record FROM findings WHERE alert = ?)"
    )


def _neighbour(row: Sequence[str], ties: Mapping[Tie, str]) -> tuple[datetime, Neighbour]:
    """A row of `related`, with its moment."""
    _, time, name, error_code, *values = row
    shared = tuple(
        tie for tie, value in zip(Tie, values, strict=True) if value and value == ties.get(tie)
    )
    at = moment(time)
    assert at is not None  # stored as iso, and found between two times
    return at, Neighbour(time=time, name=name, error_code=error_code, ties=shared)
