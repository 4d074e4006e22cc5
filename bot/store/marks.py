"""Marks of correlations: rows that say what counts, when, and in which group."""

from __future__ import annotations

import sqlite3

import msgspec

from bot.model import ChainMark, finding_id
from bot.store import shadows

_encode = msgspec.json.Encoder().encode

_AROUND = (
    "SELECT * FROM (SELECT time, key, rule, value, name FROM marks"
    " WHERE correlation = ? AND grp = ? AND time >= ? AND time < ?"
    " ORDER BY time DESC, key DESC LIMIT ?)"
    " UNION ALL "
    "SELECT * FROM (SELECT time, key, rule, value, name FROM marks"
    " WHERE correlation = ? AND grp = ? AND time >= ? AND time <= ?"
    " ORDER BY time, key LIMIT ?)"
)


def add(db: sqlite3.Connection, mark: ChainMark, now: str) -> bool:
    """Write *mark* inside the caller's transaction; False where it is known already."""
    cursor = db.execute(
        "INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            mark.correlation,
            _group(mark),
            mark.time,
            mark.key,
            mark.rule,
            mark.value,
            mark.name,
            now,
        ),
    )
    return cursor.rowcount == 1


def around(db: sqlite3.Connection, mark: ChainMark) -> list[ChainMark]:
    """The marks of its group within its span, before and after: the nearest, itself among them."""
    one = (mark.correlation, _group(mark))
    before = (*one, mark.time - mark.span, mark.time, mark.most)
    after = (*one, mark.time, mark.time + mark.span, mark.most + 1)
    return [
        msgspec.structs.replace(mark, time=time, key=key, rule=rule, value=value, name=name)
        for time, key, rule, value, name in db.execute(_AROUND, (*before, *after))
    ]


def settled(db: sqlite3.Connection, mark: ChainMark) -> bool:
    """All that *mark* could complete has been said: a flood costs a look, not a window."""
    if not _said(db, mark, mark.stretch):
        return False
    following = (mark.stretch + 1) * mark.span
    later = db.execute(
        "SELECT 1 FROM marks WHERE correlation = ? AND grp = ? AND time BETWEEN ? AND ? LIMIT 1",
        (mark.correlation, _group(mark), following, mark.time + mark.span),
    ).fetchone()
    return later is None or _said(db, mark, mark.stretch + 1)


def _said(db: sqlite3.Connection, mark: ChainMark, stretch: int) -> bool:
    known = finding_id(mark.correlation, mark.of(stretch))
    row = db.execute("SELECT 1 FROM findings WHERE id = ?", (known,)).fetchone()
    return row is not None or shadows.counted(db, known)


def _group(mark: ChainMark) -> str:
    return _encode(mark.group).decode()
