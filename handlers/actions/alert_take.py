"""**Take it**: the alert is mine."""

from __future__ import annotations

from slack_bolt import Ack

from bot import alerts
from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "alert_take"
VERB: Verb | None = Verb.TAKE


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """Record it, then ack; the card is redrawn by the outbox."""
    alerts.decide(bot, said.ask(bot, body, Verb.TAKE))
    ack()
