"""**Send me the raw record**: by direct message, secrets blanked, in the ledger."""

from __future__ import annotations

from slack_bolt import Ack

from bot import alerts
from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "alert_raw"
VERB: Verb | None = Verb.RAW


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """Record the reveal, then ack; the outbox sends the message."""
    alerts.decide(bot, said.ask(bot, body, Verb.RAW))
    ack()
