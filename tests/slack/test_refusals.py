"""What is left to do with a send that Slack refused."""

from __future__ import annotations

import pytest

from bot.model import Send, SendKind
from bot.slack.refusals import TRIES, Way, card_anew, said_directly, way

FALLBACK = "C0FALLBACK"
KINDS = list(SendKind)


def send(
    kind: SendKind, *, attempts: int = 1, channel: str = "C0MAIN", plain: bool = False
) -> Send:
    """A send under way."""
    body: dict[str, object] = {"plain": True} if plain else {}
    return Send(
        id="s-1", kind=kind, subject="A-7K2QF", channel=channel, attempts=attempts, body=body
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ["token_revoked", "invalid_auth", "account_inactive"])
def test_a_dead_token_halts_everything(kind: SendKind, code: str) -> None:
    """Whatever was sent: nothing else will go either."""
    assert way(send(kind), code, FALLBACK) is Way.HALT


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        (SendKind.CARD, "is_archived", Way.FALLBACK),
        (SendKind.CARD, "not_in_channel", Way.FALLBACK),
        (SendKind.CARD, "user_not_found", Way.END),
        (SendKind.EDIT, "message_not_found", Way.ANEW),
        (SendKind.EDIT, "is_archived", Way.ANEW),
        (SendKind.EDIT, "edit_window_closed", Way.END),
        (SendKind.NOTE, "thread_not_found", Way.ANEW_FIRST),
        (SendKind.NOTE, "no_text", Way.END),
        (SendKind.EPHEMERAL, "user_not_in_channel", Way.DIRECTLY),
        (SendKind.EPHEMERAL, "user_not_found", Way.END),
        (SendKind.DM, "channel_not_found", Way.END),
    ],
)
def test_each_kind_has_its_own_way(kind: SendKind, code: str, expected: Way) -> None:
    """A hit and a near miss for every kind."""
    assert way(send(kind), code, FALLBACK) is expected


def test_each_way_is_taken_once() -> None:
    """Plain text, the fallback channel and a note's new card are not tried for ever."""
    assert way(send(SendKind.CARD), "invalid_blocks", FALLBACK) is Way.PLAIN
    assert way(send(SendKind.CARD, plain=True), "invalid_blocks", FALLBACK) is Way.END
    there = send(SendKind.CARD, channel=FALLBACK)
    assert way(there, "is_archived", FALLBACK) is Way.END
    tired = send(SendKind.NOTE, attempts=TRIES)
    assert way(tired, "thread_not_found", FALLBACK) is Way.END


def test_what_replaces_a_send_is_the_same_at_every_repeat() -> None:
    """Ids are derived, so a step that is repeated after a crash asks for the same send."""
    edit = send(SendKind.EDIT)
    assert card_anew(edit) == card_anew(edit)
    assert card_anew(edit).kind is SendKind.CARD
    whisper = send(SendKind.EPHEMERAL)
    assert said_directly(whisper).id == said_directly(whisper).id != whisper.id
