"""How Callwarden itself is doing, as lines of status."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model import Checkup, Condition, Latency, Trouble, counted, lasting
from bot.slack.text import code, date, escape, plain

_SIGNS = {Condition.ILL: "❌", Condition.UNKNOWN: "❓ UNKNOWN:"}


def troubles(checkups: Sequence[Checkup]) -> Iterator[str]:
    """What is wrong with the sources, and what is not known of them."""
    for checkup in checkups:
        for one in checkup.diagnoses:
            if one.condition is not Condition.WELL:
                since = f" (since {date(one.since)})" if one.since else ""
                yield f"{_SIGNS[one.condition]} {escape(plain(one.said, 1_000))}{since}"


def recovered(over: Sequence[Trouble]) -> Iterator[str]:
    """What was wrong in the last day and is well again."""
    for one in over:
        yield (
            f"✅ {code(one.source)} is well again: {code(one.rule)}"
            f" from {date(one.since)} to {date(one.ended)}"
        )


def figures(checkup: Checkup) -> str:
    """What was measured of a source, each figure with its unit; what was not is said to be so."""
    backlog = checkup.backlog
    refused = f"{checkup.refused} not readable in the last 24 h"
    if backlog.behind is not None:
        history = f"event history read up to {lasting(backlog.behind)} ago"
        return f"{code(checkup.source)}: {history} · management events only · {refused}"
    waited = "nothing received in the last 5 min"
    if checkup.waited is not None:
        waited = f"longest wait in the queue {lasting(checkup.waited)}"
    dead = "no dead-letter queue"
    if backlog.dead is not None:
        dead = counted(backlog.dead, "dead letter")
    elif backlog.unknown:
        dead = "dead letters UNKNOWN"
    waiting = "messages waiting UNKNOWN"
    if backlog.waiting is not None:
        waiting = f"{counted(backlog.waiting, 'message')} waiting"
    return f"{code(checkup.source)}: {waited} · {waiting} · {dead} · {refused}"


def latency_line(latency: Latency | None) -> str:
    """How soon cards come."""
    if latency is None:
        return "Record to card: no card was posted in the last 24 h, so nothing to measure yet"
    cards = counted(latency.cards, "card")
    return (
        f"Record to card: median {lasting(latency.median)}, 95 % within {lasting(latency.p95)}"
        f" (eventTime to post; {cards} of the last 24 h)"
    )
