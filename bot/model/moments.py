"""Time as text: ISO-8601, UTC, milliseconds and `Z`, so that it sorts."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_SECONDS = {f"{second:02}": second * 1000 for second in range(60)}


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


def milliseconds(time: str) -> int | None:
    """Since 1970, what is finer cut off; None where *time* is none that can be read."""
    if len(time) == 20 and time[16] == ":" and time[17:19] in _SECONDS and time[19] == "Z":
        # As CloudTrail writes it. Minutes come again and again, and to parse a time takes long.
        minute = _parsed(f"{time[:16]}:00Z")
        return None if minute is None else minute + _SECONDS[time[17:19]]
    return _parsed(time)


@lru_cache(maxsize=4_096)
def _parsed(time: str) -> int | None:
    parsed = moment(time)
    if parsed is None:
        return None
    return round(parsed.replace(microsecond=parsed.microsecond // 1000 * 1000).timestamp() * 1000)


def lasting(seconds: float) -> str:
    """A duration for people, in its two largest units: `0.4 s`, `12 s`, `4 min 10 s`, `3 d 2 h`."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f}".removesuffix(".0") + " s"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number or parts:
            parts.append((number, unit))
    return " ".join(f"{number} {unit}" for number, unit in parts[:2] if number)


def counted(number: int, what: str) -> str:
    """`1 message`, `2 messages`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
