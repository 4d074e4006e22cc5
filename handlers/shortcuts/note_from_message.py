"""**Keep as the alert's note**, on a message in an alert's thread."""

from __future__ import annotations

from slack_bolt import Ack

from bot import alerts
from bot.errors import BadInput
from bot.model import Verb
from bot.ports import Bot
from handlers import said

ID = "note_from_message"
VERB: Verb | None = Verb.NOTE


def handle(bot: Bot, ack: Ack, body: said.Body) -> None:
    """The message's words become a note of the alert whose card stands above it, once."""
    message = said.message(body)
    alert = bot.store.alert_at(said.channel(body), message.thread)
    if alert is None:
        raise BadInput(
            "This message is not in an alert's thread. Open the thread of an alert's card and"
            " choose a message in it.",
            where="message",
        )
    ask = said.ask(
        bot,
        body,
        Verb.NOTE,
        key=f"note {said.channel(body)} {message.ts}",
        alert=alert.id,
        note=message.words,
        quoted=message.ts,
        left_out=message.left_out,
    )
    decision = alerts.decide(bot, ask)
    first = decision.ask.by
    if (first.user, first.team) != (ask.by.user, ask.by.team):
        who = f"{first.name or first.user} was first"
        kept = f"the message is a note of {alert.id} already."
        raise BadInput(f"{who}: {kept if decision.accepted else decision.sentence}")
    ack()
