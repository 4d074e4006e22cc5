"""What shadow rules would have said, folded as their alerts would have been, and nothing more."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from bot.model import Finding, Shadowed, iso, moment
from bot.ports import Folding
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite


class ShadowRows(Sqlite):
    """The store's verbs about shadow rules."""

    def note_shadows(self, rules: Sequence[str], now: str) -> None:
        """*rules* are shadow rules from *now* on, if they were none; no others are any more."""
        with self.writing(Turn.CLICK) as db:
            known = {name for (name,) in db.execute("SELECT rule FROM shadow_rules")}
            for name in known - set(rules):
                db.execute("DELETE FROM shadow_rules WHERE rule = ?", (name,))
                db.execute("DELETE FROM shadows WHERE rule = ?", (name,))
                db.execute("DELETE FROM shadow_findings WHERE rule = ?", (name,))
            for name in set(rules) - known:
                db.execute("INSERT INTO shadow_rules VALUES (?, ?)", (name, now))

    def shadows(self, since: str) -> Sequence[Shadowed]:
        """What each shadow rule would have said of what happened from *since* (ISO) on."""
        rows = self.reader.execute(
            "SELECT r.rule, r.since, count(s.anchor), coalesce(sum(s.hits), 0)"
            " FROM shadow_rules r LEFT JOIN shadows s ON s.rule = r.rule AND s.anchor >= ?"
            " GROUP BY r.rule ORDER BY r.rule",
            (since,),
        )
        return [Shadowed(rule=row[0], since=row[1], alerts=row[2], hits=row[3]) for row in rows]


def counted(db: sqlite3.Connection, finding_id: str) -> bool:
    """Whether `count_once` knows this finding."""
    row = db.execute("SELECT 1 FROM shadow_findings WHERE id = ?", (finding_id,)).fetchone()
    return row is not None


def count_once(db: sqlite3.Connection, finding: Finding, folding: Folding, now: str) -> None:
    """As `count`, of a shadow correlation, which says the same of many records: the same finding
    counts once."""
    cursor = db.execute(
        "INSERT OR IGNORE INTO shadow_findings VALUES (?, ?, ?)", (finding.id, finding.rule, now)
    )
    if cursor.rowcount == 1:
        count(db, finding, folding, now)


def count(db: sqlite3.Connection, finding: Finding, folding: Folding, now: str) -> None:
    """Count one finding of a shadow rule, inside the caller's transaction."""
    time = finding.record.happened(now)
    at, window = moment(time), folding.window(finding)
    fold, _ = folding.keys(finding)
    first, last = (iso(at - window), iso(at + window)) if at else (time, time)
    row = db.execute(
        "SELECT anchor FROM shadows WHERE rule = ? AND fold = ? AND anchor BETWEEN ? AND ?"
        " ORDER BY anchor DESC LIMIT 1",
        (finding.rule, fold, first, last),
    ).fetchone()
    db.execute(
        "INSERT INTO shadows VALUES (?, ?, ?, 1)"
        " ON CONFLICT (rule, fold, anchor) DO UPDATE SET hits = hits + 1",
        (finding.rule, fold, row[0] if row else time),
    )
