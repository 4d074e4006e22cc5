"""The rules we ship: each holds to its tests and to what a tired person needs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from bot.detection import sigma
from bot.detection.engine import Engine
from bot.detection.rule import Rule, RuleSet
from bot.detection.ruletest import run_tests
from bot.detection.sigma import forgery
from bot.detection.sigma.validate import validated
from bot.detection.standards import Fault, faults_of, lines
from tests.detection.made import entry

FOLDER = Path(sigma.__file__).parents[2] / "rules" / "account"
RULES = sigma.load()
PACK = list(RULES)
ENGINE = Engine(RuleSet(tuple(PACK)))
FIRST_TEN = frozenset(
    {
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
)
FORGEABLE = forgery.FORGEABLE.format("userAgent")


@cache
def validation() -> tuple[Fault, ...]:
    """What pySigma's validators say of the pack: they take their time."""
    return tuple(validated(RULES.files))


EACH = pytest.mark.parametrize("rule", PACK, ids=lambda rule: rule.name)


def test_the_ten_critical_rules_are_there() -> None:
    """The first slice ships these."""
    assert {rule.name for rule in PACK} >= FIRST_TEN


@EACH
def test_a_rule_holds_to_its_tests(rule: Rule) -> None:
    """Every hit matches and every near miss does not."""
    assert [outcome for outcome in run_tests([rule]) if not outcome.passed] == []


@EACH
def test_nobody_else_speaks(rule: Rule) -> None:
    """A hit of one rule is no hit of another: one thing that happened is one alert.

    A near miss may be what another rule is there for, but not two of them.
    """
    for test in rule.tests:
        found = [finding.rule for finding in ENGINE.judge(entry(test.record))]
        if test.match:
            assert found == ([] if rule.shadow else [rule.name])
        else:
            assert len(found) <= 1


def test_the_pack_meets_its_standards() -> None:
    """Correlations as well: described, tagged, tested near and far, and with a runbook that can be
    followed at night; `callwarden rules lint` says the same."""
    assert lines(faults_of(RULES)) == []


def test_pysigma_has_nothing_to_say() -> None:
    """Its validators pass, so that others can use the rules as they are."""
    assert lines(one for one in validation() if one.what != FORGEABLE) == []


def test_no_rule_can_be_talked_out_of_speaking() -> None:
    """By what a client writes itself, like its user agent."""
    found = [one.where for one in validation() if one.what == FORGEABLE]

    assert found == []


@EACH
def test_a_person_at_the_console_is_no_service(rule: Rule) -> None:
    """Some records of people say that the sign-in page called; a service that calls is another."""
    engine = Engine(RuleSet((replace(rule, status="test", silent=False),)))
    for test in rule.tests:
        said = test.record.get("userIdentity")
        if (
            test.match
            and isinstance(said, dict)
            and "invokedBy" not in said
            and said.get("type") != "AWSService"
        ):
            at_console = test.record | {
                "userIdentity": said | {"invokedBy": "signin.amazonaws.com"}
            }
            assert engine.judge(entry(at_console)), test.name


@EACH
def test_test_records_are_made_up(rule: Rule) -> None:
    """Only documentation's accounts, addresses and domains appear, and "everywhere"."""
    text = json.dumps([test.record for test in rule.tests])

    accounts = set(re.findall(r"(?<![0-9a-f-])\d{12}(?![0-9a-f])", text))
    assert {"111122223333"} <= accounts <= {"111122223333", "444455556666"}
    networks = {
        ".".join(one.split(".")[:3]) for one in re.findall(r"(?<![/\d.])\d+\.\d+\.\d+\.\d+", text)
    }
    assert networks <= {"192.0.2", "198.51.100", "203.0.113", "0.0.0"}


@pytest.mark.parametrize(
    "rule", [rule for rule in PACK if rule.name in FIRST_TEN], ids=lambda rule: rule.name
)
def test_a_bare_event_is_enough(rule: Rule) -> None:
    """What must never be missed needs no fields whose presence nobody has seen.

    Only flow logs need their request.
    """
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


def test_a_trail_is_blinded_or_changed() -> None:
    """The two rules ask the same of a change, and only one of them speaks."""
    asked = []
    for name in ("cloudtrail_blinded", "cloudtrail_changed"):
        detection = yaml.safe_load((FOLDER / f"{name}.yml").read_text())["detection"]
        asked.append({key: detection[key] for key in detection.keys() - {"selection", "condition"}})

    assert asked[0] == asked[1]
