"""**Resolve…**: ask what it turned out to be."""

from __future__ import annotations

from slack_bolt import Ack

from bot import alerts
from bot.model import Verb
from bot.ports import Bot
from bot.slack.modals import ResolveModal
from handlers import said

ID = "alert_resolve"
VERB: Verb | None = Verb.RESOLVE


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """Open the modal; on an alert that is resolved already, say who was first."""
    alert = bot.store.alert(said.alert_id(body))
    if alert is None or alert.resolved:
        alerts.decide(bot, said.ask(bot, body, Verb.RESOLVE))
    else:
        bot.dialogs.open(said.trigger(body), ResolveModal.build(alert))
    ack()
