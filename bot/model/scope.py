"""How much a snooze covers."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What a snooze covers, the narrowest first."""

    ALERT = "alert"  # what folds into this one alert
    RULE_ACTOR_TARGET = "rule_actor_target"  # what this actor does to this target
    RULE_ACTOR = "rule_actor"  # whatever this actor does that the rule speaks of
