"""What a rule must have before it is shipped: each standard met, and missed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.detection.attack import tag_names, techniques, techniques_of
from bot.detection.rule import Rule, RuleSet, RuleTest
from bot.detection.sigma import load
from bot.detection.sigma.validate import LEFT_OUT, validated, validators
from bot.detection.standards import faults_of, looks_deeper

GOOD = load().named("connect_flow_logs_disabled")


def said_of(rule: Rule) -> str:
    """What the lint says of *rule* alone, all in one text."""
    return "\n".join(fault.what for fault in faults_of(RuleSet((rule,))))


def test_a_good_rule_passes() -> None:
    """One of ours."""
    assert faults_of(RuleSet((GOOD,))) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"description": "Logs off"}, "must be a sentence"),
        ({"description": "Flow logs were switched off for the whole instance"}, "with a full stop"),
        ({"falsepositives": ()}, "no false positives"),
        ({"tags": ("attack.impact",)}, "no tag of an ATT&CK technique"),
        ({"tags": ("attack.t9999",)}, "attack.t9999 is no technique or tactic of ATT&CK"),
        ({"tags": ("attack.t1485", "attack.harm")}, "attack.harm is no technique or tactic"),
        ({"fold_by": ()}, "no fold_by"),
        ({"runbook": GOOD.runbook[:1]}, "its runbook has 1 step(s)"),
        ({"runbook": (*GOOD.runbook, GOOD.runbook[0])}, "its runbook has 4 step(s)"),
        ({"runbook": (GOOD.runbook[0], "Read userIdentity.arn.")}, "runbook names no span"),
        ({"runbook": (GOOD.runbook[0], "Ask within 5 minutes.")}, "runbook names no field"),
        ({"needs": ("data_events",)}, "it declares needs: [data_events], but no test"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(change: dict[str, object], said: str) -> None:
    """In words that say what to write instead."""
    assert said in said_of(replace(GOOD, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"readOnly": True}, "declare needs: [read_events]"),
        ({"eventCategory": "Data"}, "declare needs: [data_events]"),
        ({"managementEvent": False}, "declare needs: [data_events]"),
    ],
)
def test_a_rule_that_an_ordinary_feed_does_not_carry_says_so(
    fields: dict[str, object], said: str
) -> None:
    """Declared, the same rule passes."""
    tests = tuple(
        RuleTest(name=one.name, match=one.match, record={**one.record, **fields})
        for one in GOOD.tests
    )
    need = "read_events" if "read" in said else "data_events"

    assert said in said_of(replace(GOOD, tests=tests))
    assert said_of(replace(GOOD, tests=tests, needs=(need,))) == ""


def test_a_near_miss_is_near() -> None:
    """Some other call does not show that the rule tells anything apart."""
    hits = [one for one in GOOD.tests if one.match]
    far = [RuleTest(name="far", match=False, record={**hits[0].record, "eventName": "DeleteUser"})]

    assert "no near miss keeps the eventName" in said_of(replace(GOOD, tests=(*hits, *far)))
    assert "no test nearly matches" in said_of(replace(GOOD, tests=tuple(hits)))
    assert "no test matches" in said_of(replace(GOOD, tests=tuple(far)))


def test_a_test_that_fails_is_a_fault() -> None:
    """The lint is not less strict than `rules test`."""
    wrong = RuleTest(name="wrong", match=False, record=GOOD.tests[0].record)

    assert "its test 'wrong' fails" in said_of(replace(GOOD, tests=(*GOOD.tests, wrong)))


def test_half_of_a_pack_looks_deeper_than_the_name() -> None:
    """By parameters, identity or outcome; one rule of two is enough, one of three is not."""
    name_only = load().named("connect_instance_deleted")

    assert looks_deeper(GOOD)
    assert not looks_deeper(name_only)
    assert faults_of(RuleSet((GOOD, name_only))) == []
    [fault] = faults_of(RuleSet((GOOD, name_only, replace(name_only, name="other"))))
    assert fault.where == ""
    assert "connect_instance_deleted, other" in fault.what


def test_pysigma_is_asked(tmp_path: Path) -> None:
    """What its validators find is told with the rule's name; no network is needed for any."""
    (tmp_path / "one.yml").write_text(
        "title: One\nname: one\nid: 5013db57-0a39-4e4b-a3b6-5a2f6c1b7d10\nstatus: test\n"
        "logsource: {product: aws, service: cloudtrail}\ntags: [attack.t9999]\n"
        "detection: {selection: {eventName: 'Get**'}, b: {eventName: A}, condition: selection}\n"
    )
    said = {(one.where, one.what.split(" (")[0]) for one in validated([tmp_path / "one.yml"])}

    assert ("one", "pySigma: Invalid MITRE ATT&CK tagging") in said
    assert len(said) >= 3


def test_what_is_left_out_of_pysigma_has_its_reason() -> None:
    """Every other validator is asked."""
    from sigma.validators.core import validators as known

    assert len(validators()) == len(known) - len(LEFT_OUT)
    assert LEFT_OUT.keys() <= known.keys()
    assert all(len(reason) > 20 for reason in LEFT_OUT.values())


def test_techniques_have_names_and_pages() -> None:
    """From the table that is shipped."""
    known = techniques()["T1078.004"]

    assert (known.name, known.url) == (
        "Cloud Accounts",
        "https://attack.mitre.org/techniques/T1078/004",
    )
    assert {"privilege-escalation", "t1078.004"} <= tag_names()
    assert techniques_of(("attack.t1078.004", "attack.impact", "cve.2024-1")) == ["T1078.004"]
