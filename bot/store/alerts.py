"""Alerts as rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from bot.model import Alert, AlertState, Record, spoken_id
from bot.store.sqlite import Sqlite

_CANDIDATES = 8
"""How many alerts on either side of a finding's time, under a key, may take it in."""

_UNRESOLVED = 500
"""How many may stand for another alert; any that is not looked at leaves it its own card."""

_alert = msgspec.json.Decoder(Alert)
_record = msgspec.json.Decoder(Record)
_encode = msgspec.json.Encoder().encode


def insert(db: sqlite3.Connection, alert: Alert) -> None:
    """Store a new alert."""
    db.execute(
        "INSERT INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            alert.id,
            alert.rule,
            alert.state,
            alert.level.rank,
            alert.fold_key,
            alert.target_key,
            alert.anchor,
            alert.opened_at,
            alert.version,
            alert.channel,
            alert.ts,
            _encode(alert),
            _owner(alert),
            _named(alert),
            alert.storm,
            _inhibitor(alert),
            alert.held,
        ),
    )
    _name(db, alert)


def update(db: sqlite3.Connection, alert: Alert) -> None:
    """Write an alert that changed. Where its card stands is the sender's to say, not ours."""
    db.execute(
        "UPDATE alerts SET state = ?, rank = ?, fold_key = ?, target_key = ?, version = ?,"
        " body = ?, owner = ?, actor = ?, storm = ?, inhibitor = ?, held = ? WHERE id = ?",
        (
            alert.state,
            alert.level.rank,
            alert.fold_key,
            alert.target_key,
            alert.version,
            _encode(alert),
            _owner(alert),
            _named(alert),
            alert.storm,
            _inhibitor(alert),
            alert.held,
            alert.id,
        ),
    )
    # Others than the first come with what folds in; most alerts have none.
    if len(alert.seen.actors) > 1:
        _name(db, alert)


def _owner(alert: Alert) -> str:
    """The user id of who has it, or resolved it; "" where nobody does."""
    mark = alert.resolved or alert.taken
    return mark.by.user if mark else ""


def _named(alert: Alert) -> str:
    """What the actor can be found by, in lower case."""
    return f"{alert.actor.name}\n{alert.actor.principal}".lower()


def _name(db: sqlite3.Connection, alert: Alert) -> None:
    """What all its actors can be found by. None is taken away: it has been seen."""
    first = _named(alert)
    others = (one.lower() for one in alert.seen.actors)
    names = [first, *(one for one in others if one not in first)]
    db.executemany(
        "INSERT OR IGNORE INTO alert_actors VALUES (?, ?)", [(alert.id, name) for name in names]
    )


def _inhibitor(alert: Alert) -> str:
    """The id of the alert that stands for it now; "" where none does, or it is resolved."""
    return alert.inhibitor if alert.inhibited and not alert.resolved else ""


def read(body: bytes, channel: str, ts: str) -> Alert:
    """An alert from its row."""
    return msgspec.structs.replace(_alert.decode(body), channel=channel, ts=ts)


def get(db: sqlite3.Connection, alert_id: str) -> Alert | None:
    """The alert, or None."""
    row = db.execute("SELECT body, channel, ts FROM alerts WHERE id = ?", (alert_id,)).fetchone()
    return read(*row) if row else None


def candidates(
    db: sqlite3.Connection, keys: tuple[str, str], time: str, known: dict[str, Alert]
) -> list[Alert]:
    """Alerts under (fold key, target key) with anchors nearest to *time* (ISO), newest first.

    *known* are alerts that this transaction has in hand already; it gains those read here.

    Not merely the newest: a late delivery belongs to the alerts of its own hour.
    """
    found: set[str] = set()
    for key, value in zip(("fold_key", "target_key"), keys, strict=True):
        for side, order in (("<=", "DESC"), (">", "ASC")) if value else ():
            rows = db.execute(
                f"SELECT id FROM alerts WHERE {key} = ? AND {key} <> ''"  # noqa: S608 - constants
                f" AND anchor {side} ? ORDER BY anchor {order} LIMIT ?",
                (value, time, _CANDIDATES),
            )
            found.update(row[0] for row in rows)
    for unread in found - known.keys():
        alert = get(db, unread)
        assert alert is not None
        known[unread] = alert
    newest = sorted((known[one] for one in found), key=lambda alert: alert.id)
    return sorted(newest, key=lambda alert: alert.anchor, reverse=True)


def unresolved(
    db: sqlite3.Connection, rules: Sequence[str], known: Mapping[str, Alert]
) -> list[Alert]:
    """Alerts of *rules* that nobody has resolved, worst and newest first, some at most.

    *known* are newer than their rows.
    """
    holes = ", ".join("?" * len(rules))
    rows = db.execute(
        f"SELECT id FROM alerts WHERE state IN (?, ?) AND rule IN ({holes})"  # noqa: S608 - holes
        " ORDER BY rank DESC, opened_at DESC, id LIMIT ?",
        (AlertState.OPEN, AlertState.TAKEN, *rules, _UNRESOLVED),
    ).fetchall()
    found = [known.get(one) or get(db, one) for (one,) in rows]
    return [alert for alert in found if alert is not None]


def free_id(db: sqlite3.Connection, seed: str) -> str:
    """An alert id that is not taken yet, made from *seed*."""
    for length in range(5, 9):
        chosen = spoken_id("A", seed, length)
        if not db.execute("SELECT 1 FROM alerts WHERE id = ?", (chosen,)).fetchone():
            break
    return chosen


def _wanted(
    states: Sequence[AlertState], owner: str, rule: str, actor: str, storm: str, held: bool
) -> tuple[str, list[str]]:
    """The condition for alerts, and its values."""
    narrowed = {
        "owner = ?": owner,
        "instr(lower(rule), ?) > 0": rule.lower(),
        "id IN (SELECT alert FROM alert_actors WHERE instr(name, ?) > 0)": actor.lower(),
        "storm <> '' AND ? IN ('any', storm)": storm,
        "held <> '' AND state <> ?": AlertState.RESOLVED if held else "",
    }
    given = {condition: value for condition, value in narrowed.items() if value}
    holes = ", ".join("?" * len(states))
    return " AND ".join([f"state IN ({holes})", *given]), [*states, *given.values()]


class AlertRows(Sqlite):
    """The store's verbs about alerts."""

    def alert(self, alert_id: str) -> Alert | None:
        """The alert as it is now."""
        return get(self.reader, alert_id)

    def alert_at(self, channel: str, ts: str) -> Alert | None:
        """The alert whose card stands at *ts* of *channel*."""
        row = self.reader.execute(
            "SELECT body, channel, ts FROM alerts WHERE ts = ? AND ts <> '' AND channel = ?",
            (ts, channel),
        ).fetchone()
        return read(*row) if row else None

    def alerts(
        self,
        states: Sequence[AlertState],
        limit: int = 20,
        offset: int = 0,
        *,
        owner: str = "",
        rule: str = "",
        actor: str = "",
        storm: str = "",
        held: bool = False,
    ) -> Sequence[Alert]:
        """Alerts in *states*, worst and then newest first; narrowed as `ports.Store` says."""
        where, values = _wanted(states, owner, rule, actor, storm, held)
        rows = self.reader.execute(
            f"SELECT body, channel, ts FROM alerts WHERE {where}"  # noqa: S608 - constant text
            " ORDER BY rank DESC, opened_at DESC, id LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return [read(*row) for row in rows]

    def how_many(
        self,
        states: Sequence[AlertState],
        *,
        owner: str = "",
        rule: str = "",
        actor: str = "",
        storm: str = "",
        held: bool = False,
    ) -> int:
        """How many alerts `alerts` would give without a limit."""
        where, values = _wanted(states, owner, rule, actor, storm, held)
        statement = f"SELECT count(*) FROM alerts WHERE {where}"  # noqa: S608 - constant text
        found: int = self.reader.execute(statement, values).fetchone()[0]
        return found

    def record(self, record_id: str) -> Record | None:
        """A record kept as evidence."""
        row = self.reader.execute(
            "SELECT body, raw FROM records WHERE id = ? AND body IS NOT NULL", (record_id,)
        ).fetchone()
        return _whole(*row) if row else None

    def records_of(self, alert_id: str, limit: int = 5) -> Sequence[Record]:
        """The newest records behind an alert, newest first."""
        rows = self.reader.execute(
            "SELECT r.body, r.raw FROM findings f JOIN records r ON r.id = f.record"
            " WHERE f.alert = ? AND r.body IS NOT NULL"
            " ORDER BY f.time DESC, f.stored_at DESC, f.id LIMIT ?",
            (alert_id, limit),
        )
        return [_whole(*row) for row in rows]

    def record_of(self, alert_id: str, record_id: str) -> Record | None:
        """The record, where it is kept and stands behind the alert."""
        row = self.reader.execute(
            "SELECT r.body, r.raw FROM findings f JOIN records r ON r.id = f.record"
            " WHERE f.alert = ? AND f.record = ? AND r.body IS NOT NULL",
            (alert_id, record_id),
        ).fetchone()
        return _whole(*row) if row else None


def _whole(body: bytes, raw: bytes) -> Record:
    return msgspec.structs.replace(_record.decode(body), raw=raw)
