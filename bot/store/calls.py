"""Calls about alerts that nobody takes: many at once are one message to each who is called.

A call is a note in a card's thread (`call` and `text` in its body), or a direct message or a post
of its own (`untaken`).
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from bot.model import Send, SendKind

LISTED = 10
"""Alerts that one message names; the others it counts."""

THREADS = 5
"""More threads than these, in one channel, do not call the same people at once."""


def gathered(db: sqlite3.Connection, send: Send) -> Send | None:
    """What to queue for *send*: itself, a post in place of one more note that calls, or None where
    a call that waits takes it in."""
    # A snooze's note calls too, for those who may agree to it, and has no text of its own.
    if send.kind is SendKind.NOTE and send.body.get("call") and "text" in send.body:
        send = _beside_the_threads(db, send)
    if "untaken" not in send.body or "instead" in send.body:
        return send
    return None if _joins(db, send) else send


def _beside_the_threads(db: sqlite3.Connection, send: Send) -> Send:
    """*send*, or a post of the same where threads enough call the same people already."""
    (waiting,) = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE state = 'waiting' AND kind = 'note'"
        " AND channel = ? AND json_extract(body, '$.call') = json(?) LIMIT ?)",
        (send.channel, _json(send.body["call"]), THREADS),
    ).fetchone()
    if waiting < THREADS:
        return send
    body = {"call": send.body["call"], "untaken": [[send.subject, send.body["text"]]]}
    return msgspec.structs.replace(send, kind=SendKind.POST, body=body)


def _joins(db: sqlite3.Connection, send: Send) -> bool:
    """The call that waits for the same people in the same place, and was never tried, takes in
    what *send* says."""
    row = db.execute(
        "SELECT seq, body FROM outbox WHERE state = 'waiting' AND kind = ? AND channel = ?"
        " AND ambiguous = 0 AND json_extract(body, '$.untaken') IS NOT NULL"
        " AND json_extract(body, '$.instead') IS NULL"
        " AND coalesce(json_extract(body, '$.call'), '[]') = json(?) LIMIT 1",
        (send.kind, send.channel, _json(send.body.get("call") or [])),
    ).fetchone()
    if row is None:
        return False
    body: dict[str, Any] = msgspec.json.decode(row[1])
    fresh: Any = send.body["untaken"]
    every = [*body["untaken"], *fresh]
    body["untaken"] = every[:LISTED]
    body["more"] = body.get("more", 0) + len(every) - len(body["untaken"])
    db.execute(
        "UPDATE outbox SET body = ?, lane = min(lane, ?) WHERE seq = ?",
        (msgspec.json.encode(body), send.lane, row[0]),
    )
    return True


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
