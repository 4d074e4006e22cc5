"""What Slack's refusals mean for a send: which leave another way, and which are the end of it."""

from __future__ import annotations

from enum import Enum, auto

from bot.model import Lane, Send, SendKind, send_id
from bot.slack.client import TOKEN_CODES

CHANNEL_CODES = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "channel_is_limited_access",
    }
)
"""The channel is closed to us."""

NOT_THERE = CHANNEL_CODES | {"user_not_in_channel"}
"""An ephemeral cannot be shown where its reader is or where we are not."""

TOO_MUCH = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "invalid_attachments",
    }
)
"""Slack dislikes the blocks; the text alone may go."""

CARD_GONE = CHANNEL_CODES | {
    "message_not_found",
    "cant_update_message",
    "is_inactive",
    "thread_not_found",
}
"""The card cannot be edited or answered any more: somebody deleted it, or its channel is closed."""

TRIES = 5
"""Tries of a note whose card is posted anew, or of a send that breaks our own code."""


class Way(Enum):
    """What is left to do with a send that Slack refused."""

    HALT = auto()  # the token is no good: nothing can be sent
    PLAIN = auto()  # again, as text alone
    FALLBACK = auto()  # again, in the channel that takes what others refuse
    ANEW = auto()  # the card is posted anew and says what the edit would have
    ANEW_FIRST = auto()  # the card is posted anew, and the note follows under it
    ELSEWHERE = auto()  # who was called cannot be reached: said in the channel that takes the rest
    DIRECTLY = auto()  # by direct message, as it cannot be shown where its reader is
    END = auto()  # given up, and shown


def way(send: Send, code: str, fallback: str) -> Way:
    """What to do with *send* that Slack refused with *code*; *fallback* is a channel."""
    again = send.attempts < TRIES
    ways = {
        Way.HALT: code in TOKEN_CODES,
        Way.PLAIN: code in TOO_MUCH and not send.body.get("plain"),
        Way.FALLBACK: code in CHANNEL_CODES
        and send.kind is SendKind.CARD
        and send.channel != fallback,
        Way.ANEW: code in CARD_GONE and send.kind is SendKind.EDIT,
        Way.ANEW_FIRST: code in CARD_GONE and send.kind is SendKind.NOTE and again,
        Way.ELSEWHERE: "untaken" in send.body
        and "instead" not in send.body
        and send.channel != fallback,
        Way.DIRECTLY: code in NOT_THERE and send.kind is SendKind.EPHEMERAL,
    }
    return next((one for one, fits in ways.items() if fits), Way.END)


def card_anew(send: Send) -> Send:
    """The card that *send* follows, once more: an alert without one would be out of sight.

    There is one such card for each that was lost, whoever finds that out and however often: the
    store tries it again where it was refused.
    """
    return Send(
        id=send_id(send.subject, SendKind.CARD, f"after {send.ts}"),
        kind=SendKind.CARD,
        subject=send.subject,
        channel=send.channel,
        lane=Lane.ORDINARY,
    )


def said_elsewhere(send: Send, fallback: str, sentence: str) -> Send:
    """The call *send*, in the channel *fallback*: it says who could not be reached, and why."""
    named = [send.channel] if send.kind is SendKind.DM else send.body.get("call", [])
    instead = {"of": send.channel, "why": sentence}
    return Send(
        id=send_id(send.id, SendKind.POST, "instead"),
        kind=SendKind.POST,
        subject=send.subject,
        channel=fallback,
        lane=send.lane,
        body={**send.body, "call": named, "instead": instead, "plain": False},
    )


def said_directly(send: Send) -> Send:
    """The sentence of an ephemeral, to its reader alone."""
    return Send(
        id=send_id(send.id, SendKind.DM, 0),
        kind=SendKind.DM,
        subject=send.subject,
        channel=send.user,
        lane=send.lane,
        body=send.body,
    )
