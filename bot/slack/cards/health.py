"""How Callwarden itself is doing, as lines of status."""

from __future__ import annotations

from bot.model import Latency, lasting


def latency_line(latency: Latency | None) -> str:
    """How soon cards come."""
    if latency is None:
        return "Record to card: no card was posted in the last 24 h, so nothing to measure yet"
    cards = "1 card" if latency.cards == 1 else f"{latency.cards} cards"
    return (
        f"Record to card: median {lasting(latency.median)}, 95 % within {lasting(latency.p95)}"
        f" (eventTime to post; {cards} of the last 24 h)"
    )
