"""Running totals, kept in the same transaction as what they count."""

from __future__ import annotations

import sqlite3


def add(db: sqlite3.Connection, name: str, by: int = 1) -> None:
    """Raise the total *name* inside the caller's transaction."""
    if by:
        db.execute(
            "INSERT INTO counts VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, by),
        )
