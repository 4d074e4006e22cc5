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
    newest = bot.store.records_of(said.alert_id(body), limit=1)
    ask = said.ask(bot, body, Verb.RAW, record=newest[0].id if newest else "")
    alerts.decide(bot, ask)
    ack()
