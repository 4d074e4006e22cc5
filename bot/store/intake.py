"""Records and findings come in: stored, folded and queued in one step."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from bot.model import Alert, Entry, Finding, Record, Send, SendKind, Unreadable
from bot.ports import Folded, Folding, Judged, Kept
from bot.store import (
    alerts,
    baseline,
    counts,
    exemptions,
    ledger,
    marks,
    outbox,
    shadows,
    snoozes,
    storms,
)
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite
from bot.store.standing import EXEMPTIONS, SNOOZES

_CHUNK = 20
"""Records a transaction: a click that comes in the middle of one waits for its end."""

_SAMPLE = 4_096
"""Bytes kept of something that could not be read."""

_encode = msgspec.json.Encoder().encode


class IntakeRows(Sqlite):
    """The store's verbs about what sources hand over."""

    def keep(self, batch: Sequence[Judged], folding: Folding, now: str) -> Kept:
        """Store records with their findings, fold them into alerts and queue what to send."""
        total = Kept()
        for start in range(0, len(batch), _CHUNK):
            with self.writing(Turn.INTAKE) as db:
                kept = _Chunk(db, folding, now).keep(batch[start : start + _CHUNK])
            total = Kept(
                records=total.records + kept.records,
                findings=total.findings + kept.findings,
                opened=total.opened + kept.opened,
                changed=total.changed + kept.changed,
                epoch=kept.epoch,
            )
            self.tidy()
        return total

    def keep_unreadable(self, source: str, items: Sequence[Unreadable], now: str) -> None:
        """Remember what could not be read; the same place and reason again counts once."""
        with self.writing(Turn.INTAKE) as db:
            new = 0
            for item in items:
                new += db.execute(
                    "INSERT OR IGNORE INTO unreadable (at, source, place, reason, sample)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (now, source, item.where, item.reason, item.sample[:_SAMPLE]),
                ).rowcount
            counts.add(db, "unreadable", new)

    def read_after_all(self, where: str) -> None:
        """Strike *where* off the list of what could not be read."""
        with self.writing(Turn.INTAKE) as db:
            struck = db.execute("DELETE FROM unreadable WHERE place = ?", (where,)).rowcount
            counts.add(db, "unreadable", -struck)

    def kinds(self) -> Sequence[tuple[str, str]]:
        """(eventSource, eventName) of every kind of record that is kept. Reads all of them."""
        rows = self.reader.execute("SELECT DISTINCT source, name FROM records ORDER BY 1, 2")
        return [(source, name) for source, name in rows]

    def unreadable(self, limit: int = 50, since: str = "") -> Sequence[tuple[str, Unreadable]]:
        """(when, what) of the latest things that could not be read, from *since* (ISO) on."""
        rows = self.reader.execute(
            "SELECT at, place, reason, sample FROM unreadable WHERE at >= ?"
            " ORDER BY seq DESC LIMIT ?",
            (since, limit),
        )
        return [
            (at, Unreadable(where=place, reason=reason, sample=sample))
            for at, place, reason, sample in rows
        ]


class _Chunk:
    """One transaction's worth of records. Alerts that change are written once, at its end."""

    def __init__(self, db: sqlite3.Connection, folding: Folding, now: str) -> None:
        self.db = db
        self.folding = folding
        self.now = now
        self.known: dict[str, Alert] = {}
        self.changed: set[str] = set()
        self.sends: dict[str, Send] = {}
        self.out: dict[str, Entry] = {}
        self.opened = 0
        self.hidden = 0
        self.exemptions = {one.id: one for one in exemptions.on(db)}
        self.hit: set[str] = set()
        self.snoozes = {snooze.id: snooze for snooze in SNOOZES.standing(db)}

    def keep(self, batch: Sequence[Judged]) -> Kept:
        fresh = [judged for judged in batch if self._insert(judged.record, bool(judged.findings))]
        found = 0
        for judged in fresh:
            for finding in judged.findings:
                found += self._take_in(finding)
            for finding in judged.shadows:
                shadows.count(self.db, finding, self.folding, self.now)
            found += self._chained(judged)
            if judged.evidence is not None:
                baseline.keep(self.db, judged.record.id, judged.evidence)
        touched = len(self.changed)
        self._hold_back()
        for changed in self.changed:
            alerts.update(self.db, self.known[changed])
        for hit in self.hit:
            EXEMPTIONS.put(self.db, self.exemptions[hit])
        outbox.put(self.db, self.sends.values(), self.now)
        for entry in self.out.values():
            ledger.append(self.db, entry)
        counts.add(self.db, "records", len(fresh))
        counts.add(self.db, "records.again", len(batch) - len(fresh))
        counts.add(self.db, "findings", found)
        counts.add(self.db, "findings.expected", self.hidden)
        counts.add(self.db, "alerts", self.opened)
        return Kept(
            records=len(fresh),
            findings=found,
            opened=self.opened,
            changed=touched,
            epoch=baseline.epoch(self.db),
        )

    def _chained(self, judged: Judged) -> int:
        """Write the marks of a fresh record; the findings of correlations that they completed."""
        found = 0
        for mark in judged.marks:
            if not marks.add(self.db, mark, self.now) or marks.settled(self.db, mark):
                continue
            window = marks.around(self.db, mark)
            for finding in self.folding.correlations.judge(mark, window, judged.record):
                found += self._take_in(finding)
            for finding in self.folding.correlations.would_be(mark, window, judged.record):
                shadows.count_once(self.db, finding, self.folding, self.now)
        if found and not judged.findings:
            self.db.execute(
                "UPDATE records SET body = ?, raw = ? WHERE id = ?",
                (*_evidence(judged.record), judged.record.id),
            )
        return found

    def _insert(self, record: Record, evidence: bool) -> bool:
        """True where the record was not known yet."""
        body, raw = _evidence(record) if evidence else (None, None)
        cursor = self.db.execute(
            "INSERT OR IGNORE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.id,
                record.happened(""),  # as it came, it stands in the body
                record.source,
                record.name,
                record.account,
                record.region,
                record.actor.principal,
                record.instance,
                record.source_ip,
                record.error_code,
                self.now,
                body,
                raw,
                record.target,
            ),
        )
        return cursor.rowcount == 1

    def _take_in(self, finding: Finding) -> int:
        """Fold one finding; 0 where it was known already (the same call, by a twin record)."""
        finding_id = finding.id  # derived anew at every look
        if self.db.execute("SELECT 1 FROM findings WHERE id = ?", (finding_id,)).fetchone():
            return 0
        time = finding.record.happened(self.now)
        standing = tuple(self.exemptions.values())
        if expected := self.folding.exempted(finding, standing, self.now):
            self.exemptions[expected.id] = expected
            self.hit.add(expected.id)
            self.hidden += 1
            self._write(finding_id, finding, time, exemption=expected.id)
            return 1
        keys = self.folding.keys(finding)
        candidates = alerts.candidates(self.db, keys, time, self.known)
        folded = self.folding.fold(
            finding,
            candidates,
            lambda: alerts.free_id(self.db, finding_id),
            self.now,
            tuple(self.snoozes.values()),
        )
        folded = self._inhibited(folded, finding)
        self._note(folded, {alert.fold_key for alert in candidates})
        self._write(finding_id, finding, time, alert=folded.alert.id)
        return 1

    def _inhibited(self, folded: Folded, finding: Finding) -> Folded:
        """*folded*, without a card where another alert stands for it."""
        rules = self.folding.inhibition
        by = rules.standing_for(finding.rule)
        others = alerts.unresolved(self.db, by, self.known) if by else []
        if not others:
            return folded
        return rules.inhibited(folded, finding, others, tuple(self.snoozes.values()), self.now)

    def _write(
        self, finding_id: str, finding: Finding, time: str, *, alert: str = "", exemption: str = ""
    ) -> None:
        """Store a finding with where it went: into an alert, or out of sight."""
        self.db.execute(
            "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                finding_id,
                finding.rule,
                finding.record.id,
                alert,
                finding.level,
                time,
                self.now,
                exemption,
            ),
        )

    def _note(self, folded: Folded, fold_keys: set[str]) -> None:
        alert = folded.alert
        self.known[alert.id] = alert
        if folded.opened:
            alerts.insert(self.db, alert)
            self.opened += 1
        else:
            self.changed.add(alert.id)
            if alert.fold_key not in fold_keys:
                # The next finding of this batch looks the alert up by its new key.
                alerts.update(self.db, alert)
        if folded.inhibitor is not None:
            self.known[folded.inhibitor.id] = folded.inhibitor
            self.changed.add(folded.inhibitor.id)
        for change in folded.snoozes:
            self.snoozes[change.snooze.id] = change.snooze
        snoozes.write(self.db, folded.snoozes, self.now)
        if folded.entry is not None:
            if any(send.kind is SendKind.CARD for send in folded.sends):
                # A storm may still keep that card back.
                self.out[alert.id] = folded.entry
            else:
                ledger.append(self.db, folded.entry)
        for send in folded.sends:
            # Of the edits of one alert only the last is of use.
            one = send.subject if send.kind is SendKind.EDIT else send.id
            self.sends.pop(one, None)
            self.sends[one] = send

    def _hold_back(self) -> None:
        """Keep new cards back where a storm is on in their channel, or begins with them."""
        cards = [send.subject for send in self.sends.values() if send.kind is SendKind.CARD]
        held = storms.hold_back(self.db, self.folding.storms, cards, self.known, self.now)
        self.known |= held
        self.changed |= held.keys()
        self.sends = {one: send for one, send in self.sends.items() if send.subject not in held}
        self.out = {one: entry for one, entry in self.out.items() if one not in held}


def _evidence(record: Record) -> tuple[bytes, bytes]:
    """(body, raw) of a record that a finding is about."""
    return _encode(msgspec.structs.replace(record, raw=b"")), record.raw
