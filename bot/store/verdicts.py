"""What people decided about alerts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.model import Ask, Decision
from bot.ports import Judge
from bot.store import decisions
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite

_decision = msgspec.json.Decoder(Decision)


class VerdictRows(Sqlite):
    """The store's verbs about decisions."""

    def decide(self, ask: Ask, judge: Judge) -> Decision:
        """Judge and write in one step. The same key again returns the first decision."""
        with self.writing(Turn.CLICK) as db:
            return decisions.once(db, ask, judge)

    def decisions_of(self, alert_id: str) -> Sequence[Decision]:
        """Accepted decisions about an alert, oldest first."""
        rows = self.reader.execute(
            "SELECT body FROM decisions WHERE alert = ? AND accepted ORDER BY at, rowid",
            (alert_id,),
        )
        return [_decision.decode(row[0]) for row in rows]
