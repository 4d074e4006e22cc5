"""Time as text: ISO-8601, UTC, milliseconds and `Z`, so that it sorts."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """*moment* as `2026-11-22T10:03:11.000Z`. Raises ValueError for a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def moment(text: str) -> datetime | None:
    """Read a time as CloudTrail and its copies write it, or None where it is no time.

    Accepts `2026-11-22T10:03:11Z`, a space for the `T`, any UTC offset, fractions of a second;
    a time without a zone is taken as UTC (Athena drops it).
    """
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None
