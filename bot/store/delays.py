"""How long first cards took, from the record's eventTime until they stood in Slack."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bot.model import OWN_SOURCE, moment
from bot.store.sqlite import Sqlite

_KEPT = 1_000


def note(db: sqlite3.Connection, alert_id: str, now: str) -> None:
    """The card of *alert_id* was posted *now*; call it before its place is written down.

    Only the first card of an alert about a record counts. What we found out about ourselves has
    no record by AWS, a card that is posted anew was seen before, and one that was held back (by a
    snooze, a storm, another alert) came late because it should.
    """
    row = db.execute(
        "SELECT anchor FROM alerts WHERE id = ? AND ts = ''"
        " AND json_extract(CAST(body AS TEXT), '$.event_source') IS NOT ?"
        " AND json_extract(CAST(body AS TEXT), '$.released') IS NULL",
        (alert_id, OWN_SOURCE),
    ).fetchone()
    began, ended = moment(row[0]) if row else None, moment(now)
    if began is None or ended is None:
        return
    # A clock that is behind AWS's must not show a card from before its record.
    seconds = max(0.0, (ended - began).total_seconds())
    seq = db.execute("INSERT INTO delays (at, seconds) VALUES (?, ?)", (now, seconds)).lastrowid
    db.execute("DELETE FROM delays WHERE seq <= ?", ((seq or 0) - _KEPT,))


class DelayRows(Sqlite):
    """The store's verbs about our own latency."""

    def delays(self, since: str, limit: int) -> Sequence[float]:
        """Seconds from eventTime to first card, of the newest cards posted from *since* on."""
        rows = self.reader.execute(
            "SELECT seconds FROM delays WHERE at >= ? ORDER BY seq DESC LIMIT ?", (since, limit)
        )
        return [row[0] for row in rows]
