"""A verdict becomes rows, inside the caller's transaction."""

from __future__ import annotations

import sqlite3

import msgspec

from bot.model import Decision
from bot.ports import Verdicted
from bot.store import alerts, counts, ledger, outbox

_decode = msgspec.json.Decoder(Decision).decode
_encode = msgspec.json.Encoder().encode


def known(db: sqlite3.Connection, key: str) -> Decision | None:
    """The first decision under *key*, where there was one."""
    row = db.execute("SELECT body FROM decisions WHERE key = ?", (key,)).fetchone()
    return _decode(row[0]) if row else None


def write(db: sqlite3.Connection, verdict: Verdicted) -> Decision:
    """Write the decision and all that follows from it."""
    decision = verdict.decision
    ask = decision.ask
    db.execute(
        "INSERT INTO decisions VALUES (?, ?, ?, ?, ?)",
        (ask.key, ask.alert, int(decision.accepted), ask.at, _encode(decision)),
    )
    if verdict.alert is not None:
        alerts.update(db, verdict.alert)
    outbox.put(db, verdict.sends, ask.at)
    ledger.append(db, verdict.entry)
    counts.add(db, "decisions" if decision.accepted else "decisions.refused")
    return decision
