"""Judging: the index misses nothing, and a rule that breaks is heard of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.detection import sigma
from bot.detection.document import Document, decode
from bot.detection.engine import Engine
from bot.detection.record import Core, Entry, Limits, read
from bot.detection.rule import Rule, RuleSet
from bot.model import Level
from tests.detection.made import INSTANCE, Text, entry, record

PACK = sigma.load()
OURS_ENGINE = Engine(PACK)
"""Made once: the pack is large."""


def a_rule(name: str = "mine", matches: Callable[[Document], bool] = bool, **more: object) -> Rule:
    """A rule with a predicate of our own, asked about every record."""
    rule = Rule(
        name=name,
        id="",
        title="Mine",
        status="stable",
        level=Level.CRITICAL,
        description="It matters.",
        tags=("attack.t1485",),
        falsepositives=(),
        headline="{actor} touched {instance}",
        fold_by=("actor", "instance"),
        runbook=("Ask.",),
        fold_minutes=None,
        stands_for=(),
        tests=(),
        file=Path("mine.yml"),
        own=True,
        matches=matches,
        guess=lambda known: None,
    )
    return replace(rule, **more)  # type: ignore[arg-type]  # fields by name, as given


def engine(*rules: Rule) -> Engine:
    """An engine with these rules."""
    return Engine(RuleSet(rules), {INSTANCE: "Berlin"})


def breaks(document: Document) -> bool:
    """A predicate that raises with something secret in its error."""
    raise KeyError(document["userAgent"])


def test_a_match_is_a_finding() -> None:
    """It carries all that a card needs."""
    (finding,) = engine(a_rule()).judge(entry(record()))

    assert (finding.rule, finding.level) == ("mine", Level.CRITICAL)
    assert (finding.headline, finding.why) == ("mallory touched Berlin", "It matters.")
    assert finding.fold == ("arn:aws:iam::111122223333:user/mallory", INSTANCE)
    assert (finding.runbook, finding.tags) == (("Ask.",), ("attack.t1485",))
    assert finding.record.name == "DeleteInstance"


def test_no_match_is_no_finding() -> None:
    """A rule that looks and says no is not heard of."""
    assert engine(a_rule(matches=lambda document: False)).judge(entry(record())) == ()


def test_a_refused_call_is_one_level_lower() -> None:
    """Denied is less than done, but not nothing; another failure keeps its level."""
    denied = record(errorCode="AccessDeniedException")
    (finding,) = engine(a_rule()).judge(entry(denied))

    assert (finding.level, finding.headline) == (Level.HIGH, "Refused: mallory touched Berlin")
    (failed,) = engine(a_rule()).judge(entry(record(errorCode="ThrottlingException")))
    assert (failed.level, failed.headline) == (Level.CRITICAL, "Failed: mallory touched Berlin")


def test_a_rule_that_raises_is_a_finding() -> None:
    """It names the rule and the kind of error, never what the record held; others still speak."""
    findings = engine(a_rule("bad", breaks), a_rule()).judge(entry(record(userAgent="hunter2")))

    assert [finding.rule for finding in findings] == ["mine", "rule_broken"]
    broken = findings[1]
    assert (broken.level, broken.fold) == (Level.HIGH, ("bad",))
    assert broken.headline == "The rule bad broke on a record"
    said = " ".join((broken.headline, broken.why, *broken.runbook))
    assert "KeyError" in said
    assert "callwarden rules test bad" in said
    assert "hunter2" not in said


def test_two_rules_that_raise_are_one_finding() -> None:
    """A finding's id is its rule and record, so two of the same name would be one."""
    (finding,) = engine(a_rule("one", breaks), a_rule("two", breaks)).judge(entry(record()))

    assert finding.headline == "The rules one, two broke on a record"


def test_a_shadow_rule_is_counted_and_not_heard() -> None:
    """It matches, says nothing, and the count is there to look at; when it breaks it is heard."""
    judged = engine(a_rule(status="experimental"))

    assert judged.judge(entry(record())) == ()
    assert judged.shadow_counts == {"mine": 1}
    (broken,) = engine(a_rule(matches=breaks, status="experimental")).judge(entry(record()))
    assert broken.rule == "rule_broken"


def test_a_record_that_cannot_be_decoded_is_heard_of() -> None:
    """Where the first look finds candidates and the full decode fails, silence would be worst."""
    made = entry(record())
    damaged = Entry(made.blob, made.place, b"{", made.core)
    (finding,) = engine(a_rule()).judge(damaged)

    assert (finding.rule, finding.record.name) == ("rule_broken", "DeleteInstance")


def test_findings_are_deterministic() -> None:
    """The same record judged again is the same finding."""
    one, other = (engine(a_rule()).judge(entry(record()))[0].id for _ in range(2))

    assert one == other


def agree(rules: RuleSet, found: Entry, judging: Engine | None = None) -> bool:
    """Whether the index lets through every rule that brute force says matches."""
    asked = {rule.name for rule in (judging or Engine(rules)).candidates(found)}
    brute = {rule.name for rule in rules if rule.matches(decode(found.raw))}
    return brute <= asked


SOURCES = st.sampled_from(
    ["connect.amazonaws.com", "CONNECT.amazonaws.com", "iam.amazonaws.com", "", 5, None, ["x"]]
)
OURS = sorted({str(test.record["eventName"]) for rule in PACK for test in rule.tests})
NAMES = st.sampled_from([*OURS, "deleteinstance", "STOPLOGGING", ""])


def test_index_and_brute_force_agree_on_our_rules() -> None:
    """For each of our rules' own tests the index loses nothing; shadow rules say nothing."""
    for rule in PACK:
        for test in rule.tests:
            found = entry(test.record)
            assert agree(PACK, found, OURS_ENGINE)
            loud = not (rule.shadow or rule.silent)
            spoke = rule.name in [one.rule for one in OURS_ENGINE.judge(found)]
            assert (rule.matches(decode(found.raw)) and loud) is spoke


@settings(deadline=None)
@given(SOURCES, st.one_of(NAMES, st.lists(NAMES, max_size=2)))
def test_index_and_brute_force_agree_on_any_name(source: object, name: object) -> None:
    """Also in odd spellings, wrong types and lists."""
    made = {**record(), "eventSource": source, "eventName": name}
    (found,) = read(Text(json.dumps(made).encode()), Limits())
    assert isinstance(found, Entry)

    assert agree(PACK, found, OURS_ENGINE)


DETECTIONS: dict[str, dict[str, object]] = {
    "exact": {"a": {"eventName": "X"}, "condition": "a"},
    "wildcard": {"a": {"eventName": "Del*"}, "condition": "a"},
    "regex": {"a": {"eventSource|re": "^con"}, "condition": "a"},
    "negated": {"a": {"eventName": "X"}, "condition": "not a"},
    "neq": {"a": {"eventName|neq": ["X", "Y*"]}, "condition": "a"},
    "other_field": {"a": {"awsRegion": "eu-*"}, "condition": "a"},
    "either": {"a": {"eventName": "X"}, "b": {"awsRegion": "eu-*"}, "condition": "a or b"},
    "filtered": {
        "a": {"eventSource": "c*"},
        "b": {"awsRegion": "eu-1"},
        "condition": "a and not b",
    },
    "keyword": {"a": ["mallory"], "condition": "a"},
    "missing": {"a": {"eventName": None}, "condition": "a"},
    "exists": {"a": {"eventName|exists": False}, "condition": "not a"},
    "reference": {"a": {"eventName|fieldref": "eventSource"}, "condition": "a"},
    "nobody": {"a": {"eventName": "X"}, "b": {"eventName": "Y"}, "condition": "a and b"},
}


def test_index_and_brute_force_agree_on_any_condition(tmp_path: Path) -> None:
    """Whatever a condition is made of, the index never hides a match; and it does prune."""
    for name, detection in DETECTIONS.items():
        rule = {"title": name, "logsource": {"product": "aws"}, "detection": detection}
        (tmp_path / f"{name}.yml").write_text(json.dumps(rule))
    rules = RuleSet(tuple(rule for rule in sigma.load([tmp_path]) if not rule.own))
    made = [
        record(name, eventSource=source, awsRegion=region)
        for name in ("X", "Y1", "DeleteUser", "x")
        for source in ("connect.amazonaws.com", "X", "iam.amazonaws.com")
        for region in ("eu-1", "us-1")
    ]

    judging = Engine(rules)
    assert all(agree(rules, entry(one), judging) for one in made)
    asked = {rule.name for rule in Engine(rules).candidates(entry(record("Y1", eventSource="z")))}
    assert {"keyword", "negated", "either", "other_field", "reference", "exists"} == asked


def test_the_index_stays_bounded() -> None:
    """Made-up event names do not fill the memory."""
    judged = engine(a_rule())
    for number in range(20_050):
        judged.candidates(Entry("", "", b"", Core("source", f"Made{number}", "", "id")))

    index = judged._index
    assert len(index._calls) <= 20_000
    assert len(index._splits) <= 20_000
