"""Our calls to Slack's Web API, all of them; nothing else calls it."""

from __future__ import annotations

from bot.slack.client.calls import (
    DIALOG_SECONDS,
    HISTORY_PAGE,
    HISTORY_PAGES,
    METADATA_EVENT,
    Identity,
    Posted,
    SlackClient,
)
from bot.slack.client.faults import RETRY_AFTER_MOST, TOKEN_CODES, fault_of

__all__ = [
    "DIALOG_SECONDS",
    "HISTORY_PAGE",
    "HISTORY_PAGES",
    "METADATA_EVENT",
    "RETRY_AFTER_MOST",
    "TOKEN_CODES",
    "Identity",
    "Posted",
    "SlackClient",
    "fault_of",
]
