"""Snoozes with brakes: who may keep what quiet for how long, and what ends it.

A snooze covers an alert, or what an actor does that a rule speaks of, perhaps to one target only.
While it is on, what it covers is stored and counted but nobody is disturbed. New context (an
actor, network or program not seen when it was snoozed, a success after refusals, a higher level)
ends it by itself. A critical alert may be snoozed for an hour; longer takes a second person.
What it kept without a card and nobody has seen is shown once it is over.
"""

from __future__ import annotations

from bot.snoozes.covering import quieted, woken
from bot.snoozes.doing import (
    SHOWN_FROM,
    decide,
    end_those_due,
    find,
    how_many,
    settle,
    standing,
)
from bot.snoozes.judging import HOURS, Reason, about, judge, offered

__all__ = [
    "HOURS",
    "SHOWN_FROM",
    "Reason",
    "about",
    "decide",
    "end_those_due",
    "find",
    "how_many",
    "judge",
    "offered",
    "quieted",
    "settle",
    "standing",
    "woken",
]
