"""A page: what wakes people where Slack does not."""

from __future__ import annotations

import uuid
from enum import StrEnum

from msgspec import Struct

from bot.model.ids import NAMESPACE
from bot.model.records import Level

SLACK = "slack"
"""The subject of pages about Slack itself."""


PAGING = "paging"
"""The subject of what is said in Slack about pages themselves."""


class PageKind(StrEnum):
    """Why somebody is woken."""

    UNTAKEN = "untaken"  # nobody takes an alert
    UNSEEN = "unseen"  # Slack refused an alert's card for good
    SLACK_DOWN = "slack_down"  # nothing can be sent to Slack
    SLACK_BACK = "slack_back"  # it can again
    TEST = "test"


class PageState(StrEnum):
    """waiting → sending → sent, refused or dropped (not needed any more). One that was refused
    is tried again now and then."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    DROPPED = "dropped"


class Page(Struct, frozen=True, kw_only=True):
    """One page. *subject* is the alert's id, or `SLACK`; *title* is its first line, *text* all of
    it. Times are ISO or ""; *done_at* is also when it was first given up for a while."""

    id: str
    kind: PageKind
    subject: str
    level: Level
    title: str
    text: str
    state: PageState = PageState.WAITING
    attempts: int = 0
    queued_at: str = ""
    due_at: str = ""
    done_at: str = ""
    error: str = ""


def page_id(kind: PageKind, subject: str, occasion: str) -> str:
    """Deterministic: whoever asks for the same page again asks for the one that is known."""
    return str(uuid.uuid5(NAMESPACE, f"page\n{kind}\n{subject}\n{occasion}"))
