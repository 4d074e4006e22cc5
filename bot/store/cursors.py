"""How far sources have been read that keep no account of it themselves."""

from __future__ import annotations

from bot.ports import Cursor
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite


class CursorRows(Sqlite):
    """The store's verbs about cursors."""

    def cursor(self, place: str) -> Cursor | None:
        """How far *place* has been read; None where it never was."""
        row = self.reader.execute(
            "SELECT since, at FROM cursors WHERE place = ?", (place,)
        ).fetchone()
        return Cursor(since=row[0], at=row[1]) if row else None

    def read_up_to(self, place: str, at: str, now: str) -> None:
        """Everything of *place* up to *at* (ISO) is stored."""
        with self.writing(Turn.INTAKE) as db:
            db.execute(
                "INSERT INTO cursors VALUES (?, ?, ?)"
                " ON CONFLICT (place) DO UPDATE SET at = excluded.at",
                (place, now, at),
            )
