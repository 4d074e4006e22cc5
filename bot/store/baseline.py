"""The evidence of baselines: small rows by scope and feature, words only where people read them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import astuple

from bot.model import Entry
from bot.model.evidence import (
    Evidence,
    Named,
    Row,
    Rows,
    apply,
    apply_count,
    decayed,
    taken_back,
)
from bot.store import ledger
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_FIELDS = "weight, novel, first, last, mask, hours, days"


class Written(Rows):
    """Rows in the store, inside the caller's transaction."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def get(self, scope: int, feature: int) -> Row | None:
        """The row, None where there is none."""
        row = self._db.execute(
            f"SELECT {_FIELDS} FROM baseline WHERE scope = ? AND feature = ?",  # noqa: S608
            (scope, feature),
        ).fetchone()
        return Row(*row) if row else None

    def put(self, scope: int, feature: int, row: Row) -> None:
        """Keep *row*, new or changed."""
        self._db.execute(
            "INSERT OR REPLACE INTO baseline VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (scope, feature, *astuple(row)),
        )

    def drop(self, scope: int, feature: int) -> None:
        """Forget the row."""
        self._db.execute("DELETE FROM baseline WHERE scope = ? AND feature = ?", (scope, feature))


def keep(db: sqlite3.Connection, record: str, evidence: Evidence) -> None:
    """Add *evidence* of the record with this id, inside the caller's transaction."""
    rows, half_life = Written(db), evidence.half_life
    for touch in evidence.touches:
        apply(rows, touch, half_life)
        if touch.text:
            _name(db, touch.feature, touch.text)
    for count in evidence.counts:
        apply_count(rows, count, half_life)
    for scope, text in evidence.names:
        _name(db, scope, text)
    db.executemany(
        "INSERT OR IGNORE INTO baseline_traces VALUES (?, ?, ?, ?, ?, ?)",
        [
            (record, scope, touch.feature, touch.total, touch.hour, half_life)
            for touch in evidence.traces
            for scope in touch.scopes
        ],
    )
    if evidence.state:
        # Two sources may store in another order than they judged: the later state stands.
        db.execute(
            "INSERT INTO baseline_state VALUES ('budget', ?, ?) ON CONFLICT (name) DO UPDATE SET"
            " version = excluded.version, body = excluded.body"
            " WHERE excluded.version > version",
            (evidence.version, evidence.state),
        )


def forget_alert(db: sqlite3.Connection, alert: str) -> int:
    """An attack was confirmed: take out what was learned from the records of its findings."""
    rows = Written(db)
    traces = db.execute(
        "SELECT t.record, t.scope, t.feature, t.total, t.hour, t.half_life FROM baseline_traces t"
        " WHERE t.record IN (SELECT record FROM findings WHERE alert = ?)",
        (alert,),
    ).fetchall()
    for record, scope, feature, total, hour, half_life in traces:
        _take_back(rows, scope, feature, total, hour, half_life)
        db.execute(
            "DELETE FROM baseline_traces WHERE record = ? AND scope = ? AND feature = ?",
            (record, scope, feature),
        )
    if traces:
        changed(db)
    return len(traces)


def epoch(db: sqlite3.Connection) -> int:
    """Rises whenever something is forgotten: what is held in memory is then out of date."""
    row = db.execute("SELECT version FROM baseline_state WHERE name = 'epoch'").fetchone()
    return row[0] if row else 0


class BaselineRows(Sqlite):
    """The store's verbs about baselines."""

    def evidence_of(self, scope: int) -> Iterable[tuple[int, Row]]:
        """(feature, row) of everything known in a scope."""
        found = self.reader.execute(
            f"SELECT feature, {_FIELDS} FROM baseline WHERE scope = ?",  # noqa: S608
            (scope,),
        )
        return [(feature, Row(*row)) for feature, *row in found]

    def baseline_state(self) -> bytes:
        """The alert budget's state, empty where there is none yet."""
        row = self.reader.execute(
            "SELECT body FROM baseline_state WHERE name = 'budget'"
        ).fetchone()
        return row[0] if row else b""

    def keep_evidence(self, batch: Sequence[tuple[str, Evidence]]) -> None:
        """Store evidence alone, for those who keep no records: (record's id, what it adds)."""
        with self.writing(Turn.INTAKE) as db:
            for record, evidence in batch:
                keep(db, record, evidence)

    def baseline_epoch(self) -> int:
        """Rises whenever something is forgotten."""
        return epoch(self.reader)

    def baseline_scopes(self, name: str) -> Sequence[tuple[int, str]]:
        """(scope, its words) of the principals that are called *name* or whose name ends so."""
        rows = self.reader.execute(
            "SELECT key, text FROM baseline_texts WHERE text LIKE 'principal %'"
        )
        wanted = name.strip().lower()
        return [
            (key, text)
            for key, text in rows
            if wanted and (wanted == _principal(text) or _principal(text).endswith(f"/{wanted}"))
        ]

    def baseline_rows(self, scope: int | None = None) -> Iterator[Named]:
        """What is known of a scope, or of all, in words; totals and nameless rows left out."""
        where, given = ("WHERE b.scope = ?", (scope,)) if scope is not None else ("", ())
        rows = self.reader.execute(
            "SELECT s.text, f.text, b.weight, b.novel, b.first, b.last, b.mask, b.hours,"  # noqa: S608
            " b.days FROM baseline b JOIN baseline_texts f ON f.key = b.feature"
            f" JOIN baseline_texts s ON s.key = b.scope {where} ORDER BY b.scope, f.text",
            given,
        )
        for whom, what, *row in rows:
            yield Named(scope=whom, feature=what, row=Row(*row))

    def forget_baseline(self, scope: int, entry: Entry) -> int:
        """Forget everything known of a principal; its line in the ledger with it."""
        with self.writing(Turn.CLICK) as db:
            gone = db.execute("DELETE FROM baseline WHERE scope = ?", (scope,)).rowcount
            db.execute("DELETE FROM baseline_traces WHERE scope = ?", (scope,))
            db.execute("DELETE FROM baseline_texts WHERE key = ?", (scope,))
            changed(db)
            ledger.append(db, entry)
        return gone


def _principal(text: str) -> str:
    return text.split(" ", 2)[2].lower()


def _name(db: sqlite3.Connection, key: int, text: str) -> None:
    db.execute("INSERT OR IGNORE INTO baseline_texts VALUES (?, ?)", (key, text))


def changed(db: sqlite3.Connection) -> None:
    """Something was forgotten: what is held in memory is out of date."""
    db.execute(
        "INSERT INTO baseline_state VALUES ('epoch', 1, x'')"
        " ON CONFLICT (name) DO UPDATE SET version = version + 1"
    )


def _take_back(
    rows: Written, scope: int, feature: int, total: int, hour: int, half_life: float
) -> None:
    row = rows.get(scope, feature)
    if row is None or not taken_back(row, hour, half_life):
        return
    gone = row.hours <= 0
    if gone:
        rows.drop(scope, feature)
    else:
        rows.put(scope, feature, row)
    if (whole := rows.get(scope, total)) is not None:
        share = decayed(1.0, whole.last - hour, half_life)
        whole.weight = max(0.0, whole.weight - share)
        whole.novel = max(0.0, whole.novel - share) if gone else whole.novel
        whole.hours = max(0.0, whole.hours - 1)
        rows.put(scope, total, whole)
