"""What a correlation must have before it is shipped: each limit of it proven, and unproven."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.detection.chainwords import asked
from bot.detection.rule import Correlation, Kind, RuleSet
from bot.detection.sigma import load
from bot.detection.standards import faults_of

RULES = load()


def chain_of(name: str) -> Correlation:
    """One of ours."""
    found = RULES.correlation(name)
    assert found is not None
    return found


ORDERED = chain_of("connect_number_claimed_then_dialled")
COUNTED = chain_of("many_kinds_of_reads_by_one_key")


def said_of(chain: Correlation) -> list[str]:
    """What the lint says of *chain* alone."""
    base = tuple(rule for rule in RULES.rules if rule.name in chain.rules)
    return [fault.what for fault in faults_of(RuleSet(base, (chain,))) if fault.where == chain.name]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"description": "Calls"}, "must be a sentence"),
        ({"falsepositives": ()}, "no false positives"),
        ({"tags": ("attack.impact",)}, "no tag of an ATT&CK technique"),
        ({"runbook": ORDERED.runbook[:1]}, "its runbook has 1 step(s)"),
        ({"runbook": (ORDERED.runbook[0], "Read userIdentity.arn.")}, "runbook names no span"),
        ({"needs": ("data_events",)}, "it declares needs: [data_events], but no test"),
        ({"tests": ()}, "no test matches"),
        ({"tests": ()}, "no test nearly matches"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(change: dict[str, object], said: str) -> None:
    """As of a rule; a good one passes."""
    assert said_of(ORDERED) == []
    assert any(said in one for one in said_of(replace(ORDERED, **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chain", "missing", "said"),
    [
        (ORDERED, "the calls come the next day", "its window of time"),
        (ORDERED, "somebody else places the calls", "its group (actor)"),
        (ORDERED, "the calls came before", "the order of its rules"),
        (ORDERED, "nine calls", "how many it asks for"),
        (COUNTED, "over a day", "its window of time"),
        (COUNTED, "twenty-five keys look once each", "its group (userIdentity.accessKeyId)"),
        (COUNTED, "the same call again and again", "how many it asks for"),
    ],
)
def test_each_limit_needs_a_near_miss_of_its_own(
    chain: Correlation, missing: str, said: str
) -> None:
    """Without that test nobody would notice if the limit went."""
    fewer = tuple(test for test in chain.tests if test.name != missing)
    assert len(fewer) == len(chain.tests) - 1

    assert said_of(replace(chain, tests=fewer)) == [f"no near miss fails by {said} alone"]


def test_a_step_that_an_ordinary_feed_does_not_carry_is_declared() -> None:
    """Also where only one step of several is of such records."""
    chain = chain_of("access_key_made_then_tried")

    assert said_of(replace(chain, needs=())) == [
        "a test that matches is of an event that only reads; declare needs: [read_events]"
    ]


def test_a_test_that_fails_is_a_fault() -> None:
    """The lint is not less strict than `rules test`."""
    wrong = replace(ORDERED, timespan=600)

    assert "its test 'a number and ten calls' fails: it should match and does not" in said_of(wrong)


def test_what_a_correlation_asks_for_is_a_sentence() -> None:
    """How often, of what, in which time, with what the same."""
    ends = " within 6 h, with the same actor; what was refused or failed does not count."
    assert asked(ORDERED) == (
        "chain_number_claimed, then chain_calls_placed (10 times) within 6 h, with the same actor;"
        " what was refused or failed does not count."
    )
    assert asked(COUNTED) == (
        "25 different values or more of event_name in records of chain_key_looks within 10 min,"
        " with the same userIdentity.accessKeyId."
    )
    free = replace(ORDERED, kind=Kind.TEMPORAL, times={})
    assert asked(free) == f"chain_number_claimed and chain_calls_placed, in any order,{ends}"
    assert asked(replace(free, at_least=1)).startswith("1 of chain_number_claimed and")
    count = replace(free, kind=Kind.EVENT_COUNT, at_least=5, group_by=(), succeeded=False)
    assert asked(count) == (
        "5 records or more of chain_number_claimed or chain_calls_placed within 6 h."
    )
    assert asked(chain_of("connect_identity_taken_then_rights_raised")) == (
        "chain_identity_changed, then chain_rights_raised within 4 h, with the same person; person"
        " is target of chain_identity_changed and actor of chain_rights_raised; what was refused or"
        " failed does not count."
    )
