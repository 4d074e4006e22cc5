"""Alerts that others stand for, until they speak for themselves again."""

from __future__ import annotations

from bot.ports import Inhibiting
from bot.store import alerts, feeds, ledger, outbox
from bot.store.gate import Turn
from bot.store.sqlite import Sqlite
from bot.store.standing import SNOOZES


class InhibitionRows(Sqlite):
    """The store's verbs about alerts that others stand for."""

    def settle_inhibited(self, rules: Inhibiting, now: str) -> int:
        """Let those speak for themselves that nothing stands for any more."""
        rows = self.reader.execute("SELECT id FROM alerts WHERE inhibitor <> '' ORDER BY id")
        return sum(self._speak_up(one, rules, now) for (one,) in rows.fetchall())

    def _speak_up(self, alert_id: str, rules: Inhibiting, now: str) -> bool:
        with self.writing(Turn.INTAKE) as db:
            alert = alerts.get(db, alert_id)
            # Somebody may have decided about it since it was read.
            if alert is None or alert.resolved or not alert.inhibited:
                return False
            inhibitor = alerts.get(db, alert.inhibitor)
            standing = SNOOZES.standing(db)
            changed = rules.settled(alert, inhibitor, standing, feeds.over(db, alert), now)
            if changed is None:
                return False
            alerts.update(db, changed.alert)
            if changed.entry is not None:
                ledger.append(db, changed.entry)
            outbox.put(db, changed.sends, now)
            return True
