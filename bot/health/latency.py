"""From a record's eventTime to its card: what people wait for us and for CloudTrail together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from bot.model import Latency, iso
from bot.ports import Bot

DELAYS_KEPT = 1_000
"""Cards that the figures are over at most: the newest."""

WITHIN = timedelta(hours=24)


def latency(delays: Sequence[float]) -> Latency | None:
    """Median and 95th percentile (nearest rank) of *delays* in seconds; None without any."""
    if not delays:
        return None
    ordered = sorted(delays)
    return Latency(cards=len(ordered), median=_rank(ordered, 0.5), p95=_rank(ordered, 0.95))


def measured(bot: Bot) -> Latency | None:
    """Over the first cards of the last day, the newest 1,000 of them at most."""
    since = iso(bot.clock.now() - WITHIN)
    return latency(bot.store.delays(since, DELAYS_KEPT))


def _rank(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
