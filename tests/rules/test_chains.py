"""The correlations we ship: each holds to its tests and to what a tired person needs."""

from __future__ import annotations

import json
import re

import pytest

from bot.detection import sigma
from bot.detection.rule import Correlation
from bot.detection.ruletest import run_chain_tests

RULES = sigma.load()
EACH = pytest.mark.parametrize("chain", RULES.correlations, ids=lambda chain: chain.name)


def test_there_are_enough() -> None:
    """The stories that single records cannot tell."""
    assert len(RULES.correlations) >= 12


@EACH
def test_a_correlation_holds_to_its_tests(chain: Correlation) -> None:
    """Forwards and backwards, every hit and every near miss."""
    assert [one for one in run_chain_tests(RULES, [chain]) if not one.passed] == []


@EACH
def test_near_misses_are_near(chain: Correlation) -> None:
    """One near miss at least has as many records as a hit, and the same calls."""
    calls = [[one["eventName"] for one in test.records] for test in chain.tests if test.match]
    misses = [[one["eventName"] for one in test.records] for test in chain.tests if not test.match]

    assert len(misses) >= 2
    assert any(miss in calls for miss in misses)


@EACH
def test_base_rules_of_its_file_are_silent(chain: Correlation) -> None:
    """They speak through it alone."""
    mine = [rule for rule in RULES.rules if rule.file == chain.file]

    assert all(rule.silent and rule.watched for rule in mine)
    assert {rule.name for rule in RULES.rules if rule.silent}.isdisjoint(
        rule.name for rule in RULES
    )


@EACH
def test_test_records_are_made_up(chain: Correlation) -> None:
    """Only documentation's accounts and addresses appear."""
    text = json.dumps([test.records for test in chain.tests])

    assert {"111122223333"} >= set(re.findall(r"(?<![0-9a-f-])\d{12}(?![0-9a-f])", text))
    networks = {".".join(one.split(".")[:3]) for one in re.findall(r"\d+\.\d+\.\d+\.\d+", text)}
    networks = {one for one in networks if not one.startswith("142.")}  # a browser's version
    assert networks <= {"192.0.2", "198.51.100", "203.0.113"}
