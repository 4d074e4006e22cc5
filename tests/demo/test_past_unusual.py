"""Two usual weeks and a takeover, through the rules and the baselines: who is spoken of, and when.

Records go straight into the engine and the baselines, in the order in which they are delivered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec import Struct

from bot.demo.aws.routes import trail_file
from bot.demo.story import Story, past, story
from bot.detection.baseline import Baseline, Tuning
from bot.detection.engine import Engine
from bot.detection.record import Entry, Limits, read
from bot.detection.sigma import load
from bot.model import Finding
from bot.ports import Blob

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
TODAY = "2026-11-23"
WARM = "2026-11-16"
"""The first day after the warm-up of a week."""
BUDGET = 3
SEEDS = (1, 2, 23)
"""On the second the scores of the takeover rise step by step."""


class Told(Struct):
    """What was said of one seed's fifteen days: by the baselines, and by the rules beside them."""

    day: Story
    unusual: list[Finding]
    ruled: Counter[str]

    def alerts(self) -> Counter[str]:
        """Day → alerts of baselines: findings fold by rule and actor over a day."""
        first = {(one.rule, one.fold, one.record.time[:10]) for one in self.unusual}
        return Counter(date for _, _, date in first)


def entries(day: Story, seed: int) -> Iterator[Entry]:
    """Both weeks, then the day, as they are delivered."""
    before = [trail_file(past(seed, now=NOW))]
    bodies = [trail_file(frame.records) for frame in day.frames if frame.route != "digest"]
    for body in (*before, *bodies):
        for one in read(Blob(where="story", body=body), Limits()):
            if isinstance(one, Entry):
                yield one


def tell(seed: int, budget: int) -> Told:
    """Judge everything, with so many alerts a day."""
    engine, baseline = Engine(load()), Baseline(Tuning(budget_per_day=budget))
    told = Told(story(seed, now=NOW), [], Counter())
    seen: set[str] = set()
    for one in entries(told.day, seed):
        look = engine.look(one)
        unusual, _ = baseline.take(one, spoken=bool(look.findings))
        told.unusual += unusual
        if one.core.id not in seen:
            seen.add(one.core.id)
            told.ruled.update(finding.rule for finding in look.findings)
    return told


@pytest.fixture(params=SEEDS, scope="module")
def told(request: pytest.FixtureRequest) -> Told:
    """With the budget as it is shipped."""
    return tell(request.param, BUDGET)


@pytest.fixture(params=SEEDS, scope="module")
def unbound(request: pytest.FixtureRequest) -> Told:
    """With so large a budget that everything above the threshold is said."""
    return tell(request.param, 100)


def test_the_budget_holds(told: Told) -> None:
    """Nothing in the warm-up; three a day after it, and one more for what beats all before."""
    by_day = told.alerts()
    assert min(by_day) >= WARM
    assert max(by_day.values()) <= BUDGET + 1
    assert sum(number for date, number in by_day.items() if date < TODAY) <= BUDGET


def test_a_quiet_day_is_owed_nothing(told: Told) -> None:
    """On most days nothing is strange enough, and nothing is said; nor at the weekend."""
    quiet = {f"2026-11-{number}" for number in range(16, 23)} - told.alerts().keys()
    assert len(quiet) >= 5
    assert {"2026-11-21", "2026-11-22"} <= quiet


def test_rules_are_never_held_back(told: Told) -> None:
    """With the budget spent, the rules say all that the story expects of them."""
    assert told.alerts()[TODAY] >= BUDGET
    wanted = Counter(rule for rule in told.day.labels.values() if rule)
    assert told.ruled == wanted


def test_the_takeover_is_the_most_surprising_of_all(unbound: Told) -> None:
    """The three principals with the highest scores are its actors, each at one of its steps."""
    best: dict[str, Finding] = {}
    for finding in sorted(unbound.unusual, key=bits):
        best[finding.record.actor.principal] = finding
    for finding in sorted(best.values(), key=bits)[-3:]:
        assert finding.record.time.startswith(TODAY)
        assert unbound.day.labels[finding.record.id] is not None


def bits(finding: Finding) -> int:
    """The score that its reason ends with."""
    return int(finding.why.rpartition("(")[2].split()[0])
