"""What a baseline says, as a finding like those of rules."""

from __future__ import annotations

from bot.detection.baseline import words
from bot.detection.baseline.features import Caller, operation_class
from bot.detection.baseline.learning import Burst
from bot.detection.baseline.surprise import New
from bot.detection.baseline.words import Known
from bot.detection.whole import Whole
from bot.model import Finding, Level

FIRST_SEEN = "baseline_first_seen"
RATE = "baseline_rate"

_FOLDS = 24 * 60

_RUNBOOK = (
    "Ask the actor, by another way than Slack, whether it was them (within the last hour).",
    "Open Details: compare sourceIPAddress and userAgent with the actor's calls of 24 hours.",
    "If it was expected, say so when you resolve it; if not, resolve it as a true positive: what"
    " was learned from it is then forgotten.",
)


def first_seen(
    whole: Whole, level: Level, bits: float, who: Caller, new: list[New], known: Known
) -> Finding:
    """Something is new for somebody."""
    told = [each for each in new if each.bits >= 1]
    why = words.first_seen(who, told, whole.core.name, known)
    headline = f"{who.actor.name}: {whole.core.name} is unusual for them"
    return _finding(FIRST_SEEN, whole, level, bits, who, headline, why)


def rate(whole: Whole, level: Level, bits: float, who: Caller, burst: Burst) -> Finding:
    """Somebody calls much more often than they do."""
    source = whole.core.source
    why = words.rate(who, source, burst)
    headline = f"{who.actor.name}: unusually many {burst.kind} calls to {source}"
    return _finding(RATE, whole, level, bits, who, headline, why)


def _finding(
    rule: str, whole: Whole, level: Level, bits: float, who: Caller, headline: str, why: str
) -> Finding:
    mutating = operation_class(whole.core.name) != "read"
    return Finding(
        rule=rule,
        level=level if mutating else Level.MEDIUM,
        headline=headline,
        why=f"{why} ({bits:.0f} bits of surprise)",
        record=whole.record,
        fold=(who.actor.principal, who.account),
        runbook=_RUNBOOK,
        fold_minutes=_FOLDS,
    )
