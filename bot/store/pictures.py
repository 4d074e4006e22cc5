"""Which files of ours are in Slack."""

from __future__ import annotations

from collections.abc import Sequence

from bot.store.gate import Turn
from bot.store.sqlite import Sqlite


class PictureRows(Sqlite):
    """The store's verbs about pictures."""

    def picture_begun(self, file: str, now: str) -> None:
        """A file with this id is about to be in Slack."""
        with self.writing(Turn.SENDER) as db:
            db.execute("INSERT OR REPLACE INTO pictures VALUES (?, ?)", (file, now))

    def pictures(self, before: str, limit: int) -> Sequence[str]:
        """The ids of files that were begun before *before*, the oldest first."""
        rows = self.reader.execute(
            "SELECT file FROM pictures WHERE at < ? ORDER BY at, file LIMIT ?", (before, limit)
        )
        return [row[0] for row in rows]

    def picture_gone(self, file: str) -> None:
        """The file is not in Slack any more."""
        with self.writing(Turn.SENDER) as db:
            db.execute("DELETE FROM pictures WHERE file = ?", (file,))
