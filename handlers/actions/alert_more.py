"""**⋯**: what is done to an alert more rarely. Each choice opens its modal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from slack_bolt import Ack

from bot import alerts
from bot.model import Alert, Verb
from bot.ports import Bot
from bot.slack.modals import HandOverModal, NoteModal, ReopenModal
from handlers import said


class Modal(Protocol):
    """What can be opened about an alert."""

    def build(self, alert: Alert) -> dict[str, Any]:
        """The modal for *alert*."""
        ...


ID = "alert_more"
VERB: Verb | None = Verb.LOOK
CHOICES: Mapping[str, Verb] = {
    "hand_over": Verb.HAND_OVER,
    "note": Verb.NOTE,
    "reopen": Verb.REOPEN,
}
_MODALS: Mapping[Verb, Modal] = {
    Verb.HAND_OVER: HandOverModal,
    Verb.NOTE: NoteModal,
    Verb.REOPEN: ReopenModal,
}


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """Open the modal; where the alert's state does not allow it, say so and why."""
    verb = CHOICES[said.choice(body)]
    alert = bot.store.alert(said.alert_id(body))
    if alert is None or not alerts.suits(verb, alert):
        alerts.decide(bot, said.ask(bot, body, verb))
    else:
        bot.dialogs.open(said.trigger(body), _MODALS[verb].build(alert))
    ack()
