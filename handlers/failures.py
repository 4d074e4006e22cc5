"""The one place where errors become sentences. It must not fail itself.

A `Fault` carries its sentence. Anything else is a bug: it is logged with a short id, and the
person hears that id.
"""

from __future__ import annotations

import logging
import threading
import uuid

from slack_bolt import BoltResponse, Respond

from bot.errors import Fault
from bot.model import Lane, Send, SendKind, iso, send_id
from bot.ports import Bot
from bot.slack import cards
from handlers import replies, said

log = logging.getLogger(__name__)


def tell(
    bot: Bot,
    error: Exception,
    body: said.Body,
    response: BoltResponse | None,
    respond: Respond,
) -> BoltResponse | None:
    """Bolt's error handler. *response* is None where the ack has gone already."""
    sentence = _sentence(error)
    answer = BoltResponse(status=200, body="")
    try:
        kind = said.kind(body)
        if kind in {"actions", "shortcuts"}:
            _whisper(bot, body, sentence, respond)
        elif kind in {"commands", "views"} and response is not None:
            answer = replies.at_once(body, sentence)
        elif kind == "commands":
            respond(**cards.private_text(sentence), response_type="ephemeral")
    except Exception:
        log.exception("Could not say: %s", sentence)
    # Bolt asserts that there is a response to change.
    return answer if response is not None else None


def _sentence(error: Exception) -> str:
    if isinstance(error, Fault):
        log.warning("%s: %s", type(error).__name__, error.sentence)
        return error.sentence
    name = uuid.uuid4().hex[:8]
    log.error("Fault %s", name, exc_info=error)
    return f"Something broke on my side. Tell whoever runs me: fault {name}, it is in the log."


def _whisper(bot: Bot, body: said.Body, sentence: str, respond: Respond) -> None:
    """Privately, by the outbox; by the response URL where the store is what broke."""
    try:
        channel = said.answer_channel(bot, body)
        if channel:
            send = Send(
                id=send_id(said.trigger(body), SendKind.EPHEMERAL, "fault"),
                kind=SendKind.EPHEMERAL,
                subject=said.subject(body) or said.listener(body),
                channel=channel,
                user=said.person(body).user,
                lane=Lane.CLICK,
                body={"text": sentence},
            )
            bot.store.queue([send], iso(bot.clock.now()))
            bot.outbox.wake()
            return
    except Exception:
        log.exception("The outbox did not take a sentence.")
    if body.get("response_url"):
        # On a thread of its own: the ack has not gone yet, and Slack may be slow.
        threading.Thread(target=_respond, args=(respond, sentence), daemon=True).start()


def _respond(respond: Respond, sentence: str) -> None:
    message = cards.private_text(sentence)
    try:
        respond(**message, response_type="ephemeral", replace_original=False)
    except Exception:
        log.exception("Could not say: %s", sentence)
