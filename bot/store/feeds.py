"""What is remembered of the sources themselves: their silences and their troubles."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from bot.model import OWN_SOURCE, Alert, Heard, Trouble, iso, moment
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_DAYS = 7
"""Days of which each source's longest silence is remembered, beside today."""


def over(db: sqlite3.Connection, alert: Alert) -> bool:
    """Whether *alert* is about a trouble of a source that has ended since."""
    if alert.event_source != OWN_SOURCE:
        return False
    ended = db.execute(
        "SELECT 1 FROM troubles WHERE source = ? AND rule = ? AND ended <> ''",
        (alert.target, alert.rule),
    )
    return ended.fetchone() is not None


class FeedRows(Sqlite):
    """The store's verbs about sources."""

    def heard_of(self, source: str, now: str) -> Heard:
        """What is remembered of *source*; from the first asking on it is watched."""
        row = self._row(self.reader, source)
        if row is None:
            with self.writing(Turn.INTAKE) as db:
                db.execute("INSERT OR IGNORE INTO feeds VALUES (?, ?, '')", (source, now))
                row = self._row(db, source)
        since, last_at = row or (now, "")
        (gap,) = self.reader.execute(
            "SELECT coalesce(max(seconds), 0) FROM gaps WHERE source = ? AND day >= ?",
            (source, _days_before(now)),
        ).fetchone()
        accounts = self.reader.execute(
            "SELECT account FROM feed_accounts WHERE source = ? ORDER BY account", (source,)
        )
        return Heard(
            since=since,
            last_at=last_at,
            longest_gap=gap,
            accounts=tuple(one for (one,) in accounts),
        )

    @staticmethod
    def _row(db: sqlite3.Connection, source: str) -> tuple[str, str] | None:
        row: tuple[str, str] | None = db.execute(
            "SELECT since, last_at FROM feeds WHERE source = ?", (source,)
        ).fetchone()
        return row

    def heard(self, source: str, at: str, gap: float, accounts: Sequence[str] = ()) -> None:
        """Records of *source*, of *accounts*, came at *at*, after *gap* seconds without any."""
        with self.writing(Turn.INTAKE) as db:
            db.execute(
                "INSERT INTO feeds VALUES (?, ?, ?)"
                " ON CONFLICT (source) DO UPDATE SET last_at = max(last_at, excluded.last_at)",
                (source, at, at),
            )
            db.execute(
                "INSERT INTO gaps VALUES (?, ?, ?) ON CONFLICT (source, day)"
                " DO UPDATE SET seconds = max(seconds, excluded.seconds)",
                (source, at[:10], gap),
            )
            db.execute("DELETE FROM gaps WHERE source = ? AND day < ?", (source, _days_before(at)))
            db.executemany(
                "INSERT OR IGNORE INTO feed_accounts VALUES (?, ?)",
                [(source, account) for account in accounts],
            )

    def trouble(self, source: str, rule: str, now: str) -> Trouble:
        """*rule* finds *source* in trouble: a new one *now*, or the one that goes on."""
        if (known := self._trouble(self.reader, source, rule)) and not known.ended:
            return known
        with self.writing(Turn.INTAKE) as db:
            db.execute(
                "INSERT INTO troubles VALUES (?, ?, ?, '', 0) ON CONFLICT (source, rule) DO UPDATE"
                " SET since = excluded.since, ended = '', told = 0 WHERE ended <> ''",
                (source, rule, now),
            )
            begun = self._trouble(db, source, rule)
        assert begun is not None
        return begun

    def trouble_told(self, trouble: Trouble, told: int) -> None:
        """So many findings of *trouble* are stored."""
        with self.writing(Turn.INTAKE) as db:
            db.execute(
                "UPDATE troubles SET told = ? WHERE source = ? AND rule = ? AND since = ?",
                (told, trouble.source, trouble.rule, trouble.since),
            )

    def trouble_over(self, source: str, rule: str, now: str) -> bool:
        """*rule* finds *source* well; True where it was in trouble until now."""
        known = self._trouble(self.reader, source, rule)
        if known is None or known.ended:
            return False
        with self.writing(Turn.INTAKE) as db:
            ended = db.execute(
                "UPDATE troubles SET ended = ? WHERE source = ? AND rule = ? AND ended = ''",
                (now, source, rule),
            ).rowcount
        return bool(ended)

    def troubles_over(self, since: str) -> Sequence[Trouble]:
        """Troubles that ended from *since* (ISO) on and did not come back, latest first."""
        rows = self.reader.execute(
            "SELECT * FROM troubles WHERE ended >= ? AND ended <> '' ORDER BY ended DESC", (since,)
        )
        return [_read(row) for row in rows]

    @staticmethod
    def _trouble(db: sqlite3.Connection, source: str, rule: str) -> Trouble | None:
        row = db.execute(
            "SELECT * FROM troubles WHERE source = ? AND rule = ?", (source, rule)
        ).fetchone()
        return _read(row) if row else None

    def how_many_unreadable(self, source: str, since: str, until: str) -> int:
        """What of *source* could not be read, noted from *since* to *until* (ISO)."""
        row = self.reader.execute(
            "SELECT count(*) FROM unreadable WHERE source = ? AND at >= ? AND at <= ?",
            (source, since, until),
        ).fetchone()
        return int(row[0])


def _read(row: tuple[str, str, str, str, int]) -> Trouble:
    source, rule, since, ended, told = row
    return Trouble(source=source, rule=rule, since=since, ended=ended, told=told)


def _days_before(now: str) -> str:
    """The first day that is still remembered."""
    day = moment(now)
    return iso(day - timedelta(days=_DAYS))[:10] if day else ""
