"""How a change of an alert is told: its card is redrawn, and what is new is said in its thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.model import Alert, Lane, Level, Send, SendKind, foremost, iso, moment, send_id

EDIT_DELAY = timedelta(seconds=2)
"""How long a count on a card may be behind, so that a burst is one edit."""

NEWS_KEPT = 40
"""Lines of new context an alert keeps."""


def kept(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines that an alert keeps."""
    return foremost(lines, NEWS_KEPT)


def edit(alert: Alert, now: str) -> Send:
    """The card, redrawn in a while."""
    parsed = moment(now)
    return Send(
        id=send_id(alert.id, SendKind.EDIT, alert.version),
        kind=SendKind.EDIT,
        subject=alert.id,
        channel=alert.channel,
        lane=Lane.QUIET,
        revision=alert.version,
        due_at=iso(parsed + EDIT_DELAY) if parsed else now,
    )


def told(alert: Alert, fresh: Sequence[str]) -> tuple[Send, ...]:
    """An edit notifies nobody, so new context is also said in the thread, together with what
    else comes about it."""
    if not fresh:
        return ()
    return (
        Send(
            id=send_id(alert.id, SendKind.NOTE, alert.version),
            kind=SendKind.NOTE,
            subject=alert.id,
            channel=alert.channel,
            lane=Lane.CRITICAL if alert.level is Level.CRITICAL else Lane.ORDINARY,
            revision=alert.version,
            body={"news": True, "lines": list(fresh)},
        ),
    )
