"""The answer to **Snooze…**: what, for how long, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot import snoozes
from bot.model import Alert, Decision, Scope, Verb
from bot.ports import Bot
from bot.slack.modals import SnoozeModal
from handlers import deciding, said

ID = SnoozeModal.ID
VERB: Verb | None = Verb.SNOOZE


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """A critical alert's long snooze waits for a second person; all others begin.

    Where the alert has shown something new since the window opened, the window shows it anew.
    """
    answer = SnoozeModal.parse(view)

    def anew(decision: Decision, alert: Alert) -> dict[str, Any] | None:
        if decision.reason != snoozes.Reason.CHANGED or answer.scope is None:
            return None
        scopes = snoozes.offered(alert)
        return SnoozeModal.build(
            alert,
            scope=answer.scope if answer.scope in scopes else Scope.ALERT,
            offered=scopes,
            shown=snoozes.about(alert),
            since=decision.sentence,
        )

    deciding.decide(
        bot,
        ack,
        body,
        Verb.SNOOZE,
        answer,
        anew=anew,
        scope=answer.scope,
        hours=answer.hours,
        shown=answer.shown,
    )
