"""Answers that ride in the ack: a sentence for a command or a modal, nothing for the rest."""

from __future__ import annotations

from slack_bolt import BoltResponse

from bot.slack import cards
from bot.slack.modals import Notice
from handlers import said


def at_once(body: said.Body, sentence: str) -> BoltResponse:
    """The ack for *body* that says *sentence*, as far as an ack can."""
    kind = said.kind(body)
    if kind == "commands":
        shown = {"response_type": "ephemeral", **cards.private_text(sentence)}
        return BoltResponse(status=200, body=shown)
    if kind == "views":
        return in_view(body, sentence)
    return BoltResponse(status=200, body="")


def in_view(body: said.Body, sentence: str) -> BoltResponse:
    """*sentence* at the modal's first field, so that nothing typed is lost, else in its place."""
    blocks = (body.get("view") or {}).get("blocks") or []
    fields = [one["block_id"] for one in blocks if one.get("type") == "input" and "block_id" in one]
    if fields:
        errors = {"response_action": "errors", "errors": {fields[0]: sentence[:2000]}}
        return BoltResponse(status=200, body=errors)
    update = {"response_action": "update", "view": Notice.build(sentence)}
    return BoltResponse(status=200, body=update)
