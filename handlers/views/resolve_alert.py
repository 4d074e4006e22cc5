"""The answer to **Resolve…**: a verdict and a note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack

from bot import alerts
from bot.errors import BadInput
from bot.model import Verb
from bot.ports import Bot
from bot.slack.modals import Notice, ResolveModal
from handlers import said

ID = ResolveModal.ID
VERB: Verb | None = Verb.RESOLVE


def handle(bot: Bot, ack: Ack, body: said.Body, view: Mapping[str, Any]) -> None:
    """Errors go to their fields; who comes second sees in the modal who was first."""
    answer = ResolveModal.parse(view)
    if not answer.alert:
        raise BadInput("This window names no alert. Please open it again.", where="view")
    if answer.errors:
        ack(response_action="errors", errors=answer.errors)
        return
    ask = said.ask(
        bot, body, Verb.RESOLVE, alert=answer.alert, verdict=answer.verdict, note=answer.note
    )
    decision = alerts.decide(bot, ask)
    if decision.accepted:
        ack()
    else:
        ack(response_action="update", view=Notice.build(decision.sentence))
