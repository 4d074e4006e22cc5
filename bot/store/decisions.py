"""A verdict becomes rows, inside the caller's transaction."""

from __future__ import annotations

import sqlite3

import msgspec

from bot.model import Ask, Decision, Verdict
from bot.ports import Judge, Verdicted
from bot.store import alerts, baseline, counts, ledger, outbox
from bot.store.standing import EXEMPTIONS, SNOOZES

_decode = msgspec.json.Decoder(Decision).decode
_encode = msgspec.json.Encoder().encode


def once(db: sqlite3.Connection, ask: Ask, judge: Judge) -> Decision:
    """Judge and write. The same key again returns the first decision."""
    row = db.execute("SELECT body FROM decisions WHERE key = ?", (ask.key,)).fetchone()
    if row:
        return _decode(row[0])
    return _write(db, judge(ask, alerts.get(db, ask.alert)))


def _write(db: sqlite3.Connection, verdict: Verdicted) -> Decision:
    """Write the decision and all that follows from it."""
    decision = verdict.decision
    ask = decision.ask
    db.execute(
        "INSERT INTO decisions VALUES (?, ?, ?, ?, ?)",
        (ask.key, ask.alert, int(decision.accepted), ask.at, _encode(decision)),
    )
    if verdict.alert is not None:
        alerts.update(db, verdict.alert)
        if verdict.alert.verdict is Verdict.TRUE_POSITIVE and decision.accepted:
            baseline.forget_alert(db, ask.alert)
    if verdict.snooze is not None:
        SNOOZES.put(db, verdict.snooze)
    if verdict.exemption is not None:
        EXEMPTIONS.put(db, verdict.exemption)
    outbox.put(db, verdict.sends, ask.at)
    ledger.append(db, verdict.entry)
    counts.add(db, "decisions" if decision.accepted else "decisions.refused")
    return decision
