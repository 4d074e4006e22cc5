"""Totals, retention and when jobs last ran."""

from __future__ import annotations

from collections.abc import Mapping

from bot.model import REPLACED
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_PRUNE_ROWS = 100
"""Rows a transaction, so that a prune never holds a click back."""


class UpkeepRows(Sqlite):
    """The store's verbs about itself."""

    def counts(self) -> Mapping[str, int]:
        """Totals by name; those of alerts, sends and pages by state, and `storms.on`, as they
        stand."""
        db = self.reader
        totals: dict[str, int] = dict(db.execute("SELECT name, value FROM counts").fetchall())
        for state, number in db.execute("SELECT state, count(*) FROM alerts GROUP BY state"):
            totals[f"alerts.{state}"] = number
        for state, number in db.execute("SELECT state, count(*) FROM outbox GROUP BY state"):
            totals[f"sends.{state}"] = number
        for state, number in db.execute("SELECT state, count(*) FROM pages GROUP BY state"):
            totals[f"pages.{state}"] = number
        on = db.execute("SELECT count(*) FROM storms WHERE ended_at = ''").fetchone()
        totals["storms.on"] = on[0]
        totals.update(self.quiet())
        return totals

    def quiet(self) -> Mapping[str, int]:
        """How much people are not disturbed by now."""
        row = self.reader.execute(
            "SELECT (SELECT count(*) FROM snoozes WHERE state = 'on' AND state <> 'over'),"
            " (SELECT count(*) FROM snoozes WHERE state = 'asked' AND state <> 'over'),"
            " (SELECT count(*) FROM exemptions WHERE state = 'on' AND state <> 'over'),"
            " (SELECT count(*) FROM alerts WHERE held <> '' AND state <> 'resolved')"
        ).fetchone()
        names = ("snoozes.on", "snoozes.asked", "exemptions.on", "alerts.held")
        return dict(zip(names, row, strict=True))

    def prune(self, *, records_before: str, evidence_before: str) -> Mapping[str, int]:
        """Drop records without findings, marks of correlations, what was sent and what was refused
        before *records_before*, and evidence with its findings before *evidence_before*; alerts
        follow once nothing is left of them and they are resolved, and storms follow their alerts.
        Decisions and the ledger stay, and so does the refused card of an open alert that is out
        of sight: the next start tries it. An alert that is not resolved keeps its pages, so that
        it is not paged twice.
        """
        steps = {
            "records": (
                "DELETE FROM records WHERE rowid IN (SELECT rowid FROM records"
                " WHERE stored_at < ? AND body IS NULL LIMIT ?)",
                records_before,
            ),
            "marks": (
                "DELETE FROM marks WHERE (correlation, grp, time, key, rule, value) IN"
                " (SELECT correlation, grp, time, key, rule, value FROM marks"
                " WHERE stored_at < ? LIMIT ?)",
                records_before,
            ),
            "evidence": (
                "DELETE FROM records WHERE rowid IN (SELECT rowid FROM records"
                " WHERE stored_at < ? AND body IS NOT NULL LIMIT ?)",
                evidence_before,
            ),
            "shadows": (
                "DELETE FROM shadows WHERE (rule, fold, anchor) IN (SELECT rule, fold, anchor"
                " FROM shadows WHERE anchor < ? LIMIT ?)",
                records_before,
            ),
            "shadow_findings": (
                "DELETE FROM shadow_findings WHERE id IN (SELECT id FROM shadow_findings"
                " WHERE stored_at < ? LIMIT ?)",
                records_before,
            ),
            "findings": (
                "DELETE FROM findings WHERE rowid IN (SELECT rowid FROM findings"
                " WHERE stored_at < ? LIMIT ?)",
                evidence_before,
            ),
            "alerts": (
                "DELETE FROM alerts WHERE rowid IN (SELECT rowid FROM alerts a"
                " WHERE opened_at < ? AND state = 'resolved' AND NOT EXISTS"
                " (SELECT 1 FROM findings f WHERE f.alert = a.id) LIMIT ?)",
                evidence_before,
            ),
            "storms": (
                "DELETE FROM storms WHERE rowid IN (SELECT rowid FROM storms s"
                " WHERE ended_at < ? AND ended_at <> '' AND NOT EXISTS (SELECT 1 FROM alerts a"
                " WHERE a.storm = s.id AND a.storm <> '') LIMIT ?)",
                evidence_before,
            ),
            "sends": (
                "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox o"  # noqa: S608 - constant
                " WHERE state IN ('sent', 'refused') AND done_at < ?"
                " AND NOT (kind = 'card' AND state = 'refused' AND error NOT LIKE"
                f" '{REPLACED}%' AND EXISTS (SELECT 1 FROM alerts a"
                " WHERE a.id = o.subject AND a.state <> 'resolved')) LIMIT ?)",
                records_before,
            ),
            "pages": (
                "DELETE FROM pages WHERE seq IN (SELECT seq FROM pages p"
                " WHERE state IN ('sent', 'refused', 'dropped') AND done_at < ? AND NOT EXISTS"
                " (SELECT 1 FROM alerts a WHERE a.id = p.subject AND a.state <> 'resolved')"
                " LIMIT ?)",
                records_before,
            ),
            "escalations": (
                "DELETE FROM escalations WHERE rowid IN (SELECT rowid FROM escalations e"
                " WHERE at < ? AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.id = e.alert)"
                " LIMIT ?)",
                evidence_before,
            ),
            "unreadable": (
                "DELETE FROM unreadable WHERE seq IN (SELECT seq FROM unreadable"
                " WHERE at < ? LIMIT ?)",
                evidence_before,
            ),
        }
        return {name: self._drop(*step) for name, step in steps.items()}

    def _drop(self, statement: str, before: str) -> int:
        dropped = 0
        while True:
            with self.writing(Turn.INTAKE) as db:
                rows = db.execute(statement, (before, _PRUNE_ROWS)).rowcount
            dropped += rows
            if rows < _PRUNE_ROWS:
                return dropped

    def job_ran(self, name: str, at: str) -> None:
        """Job *name* succeeded at *at*."""
        with self.writing(Turn.INTAKE) as db:
            db.execute(
                "INSERT INTO job_runs VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET at = excluded.at",
                (name, at),
            )

    def last_run(self, name: str) -> str | None:
        """When job *name* last succeeded."""
        row = self.reader.execute("SELECT at FROM job_runs WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None
