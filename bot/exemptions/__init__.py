"""Exceptions: what is always expected of somebody, and so opens no alert.

One person proposes it at an alert, another agrees; it ends by itself after the days that were
chosen. Until then a finding that fits is stored and counted, and nobody is disturbed. A finding
that is worse than the alert was is never hidden.
"""

from __future__ import annotations

from bot.exemptions.doing import decide, end_those_due, find, how_many, offer, propose, standing
from bot.exemptions.judging import DAYS, Reason, judge
from bot.exemptions.matching import backtest, choices, exempted, holds

__all__ = [
    "DAYS",
    "Reason",
    "backtest",
    "choices",
    "decide",
    "end_those_due",
    "exempted",
    "find",
    "holds",
    "how_many",
    "judge",
    "offer",
    "propose",
    "standing",
]
