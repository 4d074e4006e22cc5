"""The rules we ship: each holds to its tests and to what a tired person needs."""

from __future__ import annotations

import json
import re

import pytest

from bot.detection import sigma
from bot.detection.engine import Engine
from bot.detection.rule import Rule
from bot.detection.ruletest import run_tests
from tests.detection.made import entry

PACK = list(sigma.load())
ENGINE = Engine(sigma.load())
EACH = pytest.mark.parametrize("rule", PACK, ids=lambda rule: rule.name)
FIRST = {
    "cloudtrail_blinded",
    "connect_authentication_profile_changed",
    "connect_emergency_access",
    "connect_flow_logs_disabled",
    "connect_instance_deleted",
    "connect_phone_number_released",
    "connect_security_profile_updated",
    "connect_storage_changed",
    "connect_traffic_moved",
    "iam_saml_provider_changed",
}


def test_the_ten_critical_rules_are_there() -> None:
    """The first slice ships these."""
    assert {rule.name for rule in PACK} >= FIRST


@EACH
def test_a_rule_holds_to_its_tests(rule: Rule) -> None:
    """Every hit matches and every near miss does not."""
    assert [outcome for outcome in run_tests([rule]) if not outcome.passed] == []


@EACH
def test_near_misses_are_near(rule: Rule) -> None:
    """At least one near miss is of the same service, and so has to be looked at."""
    sources = {test.record["eventSource"] for test in rule.tests if test.match}

    assert any(test.record["eventSource"] in sources for test in rule.tests if not test.match)


@EACH
def test_nobody_else_speaks(rule: Rule) -> None:
    """A hit of one rule is no hit of another: one thing that happened is one alert."""
    for test in rule.tests:
        found = [finding.rule for finding in ENGINE.judge(entry(test.record))]
        if test.match:
            assert found == ([] if rule.shadow else [rule.name])
        else:
            assert rule.name not in found


@EACH
def test_runbooks_can_be_followed(rule: Rule) -> None:
    """Two to four steps; some name a span of time, and some a field of the record."""
    steps = " ".join(rule.runbook)

    assert 2 <= len(rule.runbook) <= 4
    assert re.search(r"\d+ (minute|hour|day)s?|the hour|last hour", steps)
    assert re.search(r"userIdentity|requestParameters|sessionIssuer|eventTime", steps)


@EACH
def test_test_records_are_made_up(rule: Rule) -> None:
    """Only documentation's accounts, addresses and domains appear."""
    text = json.dumps([test.record for test in rule.tests])

    accounts = set(re.findall(r"(?<![0-9a-f-])\d{12}(?![0-9a-f])", text))
    assert {"111122223333"} <= accounts <= {"111122223333", "444455556666"}
    addresses = re.findall(r"(?<!/)\b\d+\.\d+\.\d+\.\d+", text)
    networks = {".".join(one.split(".")[:3]) for one in addresses}
    assert networks <= {"192.0.2", "198.51.100", "203.0.113"}


@pytest.mark.parametrize("name", sorted(FIRST))
def test_a_bare_event_is_enough(name: str) -> None:
    """The critical ones need no fields whose presence nobody has seen, but for flow logs."""
    rule = next(rule for rule in PACK if rule.name == name)
    hit = next(test.record for test in rule.tests if test.match)
    bare = {key: hit[key] for key in ("eventSource", "eventName", "eventID")}
    if rule.name == "connect_flow_logs_disabled":
        bare["requestParameters"] = hit["requestParameters"]

    assert [rule.name] == [finding.rule for finding in ENGINE.judge(entry(bare))]


def test_deployments_are_not_waved_through() -> None:
    """A stack is also what an attacker would use, so most rules are tested with one."""
    deployed = [
        rule.name
        for rule in PACK
        for test in rule.tests
        if test.match and "cloudformation.amazonaws.com" in json.dumps(test.record)
    ]

    assert len(set(deployed)) >= 5
