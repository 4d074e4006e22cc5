"""Storms as rows, and what they do to the cards that would be queued."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bot.model import Alert, AlertState, Lane, Level, SendKind, Storm, Tally
from bot.ports import Folded, Storming, Watched
from bot.store import alerts, counts, ledger, outbox
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_COLUMNS = ", ".join(Storm.__struct_fields__)
_LEVELS = tuple(Level)


def on(db: sqlite3.Connection, channel: str) -> Storm | None:
    """The storm that is on in *channel*."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM storms"  # noqa: S608 - constant text
        " WHERE channel = ? AND ended_at = ''",
        (channel,),
    ).fetchone()
    return _read(row) if row else None


def listed(db: sqlite3.Connection, where: str, *values: str | int) -> list[Storm]:
    """The storms that *where*, a condition of ours, is true of, the first to begin first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM storms WHERE {where} ORDER BY began_at, id",  # noqa: S608 - ours
        values,
    )
    return [_read(row) for row in rows]


def _read(row: Sequence[Any]) -> Storm:
    return Storm(**dict(zip(Storm.__struct_fields__, row, strict=True)))


def hold_back(
    db: sqlite3.Connection,
    rules: Storming,
    cards: Iterable[str],
    known: Mapping[str, Alert],
    now: str,
) -> dict[str, Alert]:
    """The alerts, by id, that storms keep without a card: of those whose *cards* would be queued
    now, and of those whose cards wait already. *known* are newer than their rows.
    """
    waiting: dict[str, list[Alert]] = {}
    for alert in (known[one] for one in cards):
        if rules.may_wait(alert):
            waiting.setdefault(alert.channel, []).append(alert)
    return {
        alert.id: alert
        for channel, fresh in waiting.items()
        for alert in _held(db, rules, channel, fresh, known, now)
    }


def _held(
    db: sqlite3.Connection,
    storms: Storming,
    channel: str,
    fresh: Sequence[Alert],
    known: Mapping[str, Alert],
    now: str,
) -> list[Alert]:
    """The alerts of *channel* whose cards are held back.

    Of *fresh*, whose cards would be queued now and may wait, all or none; where a storm begins
    with them, also those whose cards wait already. *known* are newer than their rows.
    """
    before = on(db, channel)
    new = sum(alert.storm != before.id for alert in fresh) if before else len(fresh)
    if new:
        _arrive(db, channel, new, now)
    watched = storms.watch(channel, before, arrived(db, channel, now), now)
    _apply(db, before, watched, now)
    storm = watched.storm
    if storm is None or not watched.holds:
        return []
    back = {alert.id: alert for alert in fresh}
    if before is None:
        taken = _take_back(db, storms, channel, known)
        for entry in (storms.taken_back(alert, storm, now) for alert in taken):
            if entry is not None:
                ledger.append(db, entry)
        back = {alert.id: alert for alert in taken} | back
        new = len(back)
    db.execute("UPDATE storms SET alerts = alerts + ? WHERE id = ?", (new, storm.id))
    return [storms.held_back(alert, storm) for alert in back.values()]


def _apply(db: sqlite3.Connection, before: Storm | None, watched: Watched, now: str) -> None:
    """Write what the watch found; *before* is the storm that was on until now."""
    if watched.storm is not None:
        _write(db, watched.storm)
    if watched.entry is not None:
        ledger.append(db, watched.entry)
    if before is None and watched.holds:
        counts.add(db, "storms")
    if before is not None and not watched.holds:
        # What arrived in one storm does not begin the next.
        db.execute("DELETE FROM arrivals WHERE channel = ?", (before.channel,))
    outbox.put(db, watched.sends, now)


def _take_back(
    db: sqlite3.Connection, storms: Storming, channel: str, known: Mapping[str, Alert]
) -> list[Alert]:
    """The alerts whose first cards wait in *channel* and were never tried: they wait no more.

    Not those that somebody asked for, decided about or was called about.
    """
    rows = db.execute(
        "SELECT a.id FROM outbox o JOIN alerts a ON a.id = o.subject"
        " WHERE o.state = 'waiting' AND o.lane = ? AND o.kind = 'card' AND o.channel = ?"
        " AND o.attempts = 0 AND a.ts = '' AND a.storm = '' AND a.state = ?"
        " AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.alert = a.id AND d.accepted)"
        # Whoever was called is shown what about; that step is not taken a second time.
        " AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.alert = a.id)",
        (Lane.ORDINARY, channel, AlertState.OPEN),
    ).fetchall()
    found = [known.get(row[0]) or alerts.get(db, row[0]) for row in rows]
    taken = [alert for alert in found if alert is not None and storms.may_wait(alert)]
    db.executemany(
        "DELETE FROM outbox WHERE subject = ? AND state = 'waiting'"
        " AND kind IN ('card', 'edit', 'note')",
        [(alert.id,) for alert in taken],
    )
    return taken


def bring_out(
    db: sqlite3.Connection, rules: Storming, released: Mapping[str, Folded], now: str
) -> None:
    """Write *released*, by the id of the alert; a storm may hold their cards back once more."""
    known = {one: folded.alert for one, folded in released.items()}
    cards = [one for one, folded in released.items() if _has_card(folded)]
    back = hold_back(db, rules, cards, known, now)
    for alert in (known | back).values():
        alerts.update(db, alert)
    for folded in (folded for one, folded in released.items() if one not in back):
        outbox.put(db, folded.sends, now)
        if folded.entry is not None:
            ledger.append(db, folded.entry)


def _has_card(folded: Folded) -> bool:
    return any(send.kind is SendKind.CARD for send in folded.sends)


def _arrive(db: sqlite3.Connection, channel: str, cards: int, now: str) -> None:
    """Count by the second; what is too old to matter, or later than a clock set back, goes."""
    db.execute(
        "DELETE FROM arrivals WHERE channel = ?"
        " AND (at > ? OR at < strftime('%Y-%m-%dT%H:%M:%SZ', ?, '-2 hours'))",
        (channel, now, now),
    )
    db.execute(
        "INSERT INTO arrivals VALUES (?, ?, ?)"
        " ON CONFLICT (channel, at) DO UPDATE SET cards = cards + excluded.cards",
        (channel, f"{now[:19]}.000Z", cards),
    )


def arrived(db: sqlite3.Connection, channel: str, now: str) -> Callable[[str], int]:
    def since(then: str) -> int:
        row = db.execute(
            "SELECT coalesce(sum(cards), 0) FROM arrivals WHERE channel = ? AND at > ? AND at <= ?",
            (channel, then, now),
        ).fetchone()
        return int(row[0])

    return since


def _write(db: sqlite3.Connection, storm: Storm) -> None:
    """Where its message stands is the sender's to say, and how many it holds `hold`'s."""
    db.execute(
        "INSERT INTO storms (id, channel, began_at, ended_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET ended_at = excluded.ended_at",
        (storm.id, storm.channel, storm.began_at, storm.ended_at),
    )


class StormRows(Sqlite):
    """The store's verbs about storms."""

    def storm(self, storm_id: str) -> Storm | None:
        """The storm as it is now."""
        return next(iter(listed(self.reader, "id = ?", storm_id)), None)

    def storms_on(self) -> Sequence[Storm]:
        """The storms that last, the first to begin first."""
        return listed(self.reader, "ended_at = ''")

    def tally(self, storm_id: str, most: int = 5) -> Tally:
        """What the storm held back, counted."""
        db = self.reader
        number, rules, actors = db.execute(
            "SELECT count(*), count(DISTINCT rule), count(DISTINCT actor) FROM alerts"
            " WHERE storm = ? AND storm <> ''",
            (storm_id,),
        ).fetchone()
        findings = db.execute(
            "SELECT count(*) FROM alerts a JOIN findings f ON f.alert = a.id"
            " WHERE a.storm = ? AND a.storm <> ''",
            (storm_id,),
        ).fetchone()[0]
        unresolved = db.execute(
            "SELECT rank, count(*) FROM alerts WHERE storm = ? AND storm <> ''"
            " AND state <> 'resolved' GROUP BY rank ORDER BY rank DESC",
            (storm_id,),
        )
        return Tally(
            alerts=number,
            findings=findings,
            unresolved={_LEVELS[rank]: count for rank, count in unresolved},
            rules=tuple((rule, count) for rule, count, _ in self._top("rule", storm_id, most)),
            every_rule=rules,
            actors=tuple(
                (self._called(one), count) for _, count, one in self._top("actor", storm_id, most)
            ),
            every_actor=actors,
        )

    def _top(self, column: str, storm_id: str, most: int) -> list[Any]:
        """(value, alerts, the id of one of them) of the most frequent."""
        return self.reader.execute(
            f"SELECT {column}, count(*) AS number, max(id) FROM alerts"  # noqa: S608 - ours
            f" WHERE storm = ? AND storm <> '' GROUP BY {column}"
            f" ORDER BY number DESC, {column} LIMIT ?",
            (storm_id, most),
        ).fetchall()

    def _called(self, alert_id: str) -> str:
        """The actor's name as it was written: what alerts are found by is in lower case."""
        alert = alerts.get(self.reader, alert_id)
        return (alert.actor.name or alert.actor.principal) if alert else ""

    def settle_storms(self, storms: Storming, now: str) -> int:
        """End those that are over by now."""
        ended = 0
        for channel in [storm.channel for storm in self.storms_on()]:
            with self.writing(Turn.INTAKE) as db:
                storm = on(db, channel)
                if storm is None:
                    continue
                watched = storms.watch(channel, storm, arrived(db, channel, now), now)
                if not watched.holds:
                    _apply(db, storm, watched, now)
                    ended += 1
        return ended

    def change_alert(
        self, alert_id: str, change: Callable[[Alert], Folded | None], now: str
    ) -> Alert | None:
        """Write what *change* makes of the alert, and queue what it sends."""
        with self.writing(Turn.CLICK) as db:
            alert = alerts.get(db, alert_id)
            changed = change(alert) if alert else None
            if changed is None:
                return alert
            alerts.update(db, changed.alert)
            outbox.put(db, changed.sends, now)
            if changed.entry is not None:
                ledger.append(db, changed.entry)
            return changed.alert
