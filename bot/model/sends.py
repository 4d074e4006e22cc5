"""A message on its way to Slack."""

from __future__ import annotations

import uuid
from enum import StrEnum

from msgspec import Struct

from bot.model.alerts import Alert
from bot.model.decisions import Ask
from bot.model.ids import NAMESPACE
from bot.model.records import Level


class SendKind(StrEnum):
    """How a send reaches Slack."""

    CARD = "card"  # chat.postMessage, drawn from the alert when it is sent
    EDIT = "edit"  # chat.update of the card, drawn from the alert when it is sent
    NOTE = "note"  # chat.postMessage in the card's thread
    DM = "dm"  # chat.postMessage to a person
    POST = "post"  # chat.postMessage in a channel, a message of its own
    EPHEMERAL = "ephemeral"  # chat.postEphemeral: at most once


class Lane(StrEnum):
    """Who is waiting; lanes are served in this order."""

    CLICK = "0-click"
    CRITICAL = "1-critical"
    ORDINARY = "2-ordinary"
    QUIET = "3-quiet"


class SendState(StrEnum):
    """waiting → sending → sent, or refused (for good); sending again becomes waiting."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


class Edits(StrEnum):
    """Which edits the workspace's edit budget has room for."""

    ALL = "all"
    CLICKS = "clicks"
    NONE = "none"


class Send(Struct, frozen=True, kw_only=True):
    """One message to be sent. *subject* is the alert's id (or another id for direct messages).

    *channel* is a channel id, or a user id for a DM; "" means the card's own channel. *body* holds
    `{"lines": [...]}` or `{"call": [ids], "text": …}` for a note, `{"text": …, "blocks": […]}` for
    DM, post and ephemeral, {} for cards and edits. A DM or a post about alerts that nobody takes
    has `{"untaken": [[alert id, sentence], …], "more": how many besides, "call": [ids],
    "instead": {"of": whom it could not be said to, "why": sentence}}`, the last three where they
    are needed. *user* is the reader of an ephemeral. *ambiguous* is true where an earlier try may
    have arrived; *tried_at* is when that try began (ISO). *ts* is the card's ts for edits and
    the thread's for notes, filled in when claimed.
    """

    id: str
    kind: SendKind
    subject: str
    channel: str = ""
    user: str = ""
    lane: Lane = Lane.ORDINARY
    revision: int = 0
    body: dict[str, object] = {}
    state: SendState = SendState.WAITING
    attempts: int = 0
    ambiguous: bool = False
    tried_at: str = ""
    due_at: str = ""
    ts: str = ""
    error: str = ""


REPLACED = "replaced: "
"""How the error of a refused send begins where another send says the same in its place."""


def send_id(subject: str, kind: SendKind, revision: int | str) -> str:
    """Deterministic id of a send: repeating the step that asks for it asks for the same one."""
    return str(uuid.uuid5(NAMESPACE, f"send\n{subject}\n{kind}\n{revision}"))


def first_card(alert: Alert) -> Send:
    """The card of *alert*, to be posted for the first time."""
    return Send(
        id=send_id(alert.id, SendKind.CARD, 0),
        kind=SendKind.CARD,
        subject=alert.id,
        channel=alert.channel,
        lane=Lane.CRITICAL if alert.level is Level.CRITICAL else Lane.ORDINARY,
    )


def privately(ask: Ask, sentence: str) -> tuple[Send, ...]:
    """*sentence* for the asker alone, where they asked; nothing where the ack itself answers."""
    if not ask.channel:
        return ()
    return (
        Send(
            id=send_id(ask.key, SendKind.EPHEMERAL, 0),
            kind=SendKind.EPHEMERAL,
            subject=ask.alert,
            channel=ask.channel,
            user=ask.by.user,
            lane=Lane.CLICK,
            body={"text": sentence},
        ),
    )
