"""Correlation documents: what is read, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.detection import sigma
from bot.errors import BadInput
from tests.detection.chains import base, chain, rules, written


def refused(tmp_path: Path, *documents: object) -> str:
    """What is wrong with a user's file of these documents."""
    (tmp_path / "pack").mkdir()
    with pytest.raises(BadInput) as fault:
        sigma.load([written(tmp_path / "theirs", *documents)], pack=tmp_path / "pack")
    return fault.value.sentence


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        ("temporal", {"rules": ["first", "sekond"]}, "no rule 'sekond'; did you mean second?"),
        ("temporal", {"rules": ["first"]}, "temporal needs from 2 to 8 rules"),
        ("temporal", {"rules": ["first", "first"]}, "names one of them twice"),
        ("temporal", {"rules": ["first", "both"]}, "both is a correlation too"),
        ("temporal", {"condition": {"gte": 3}}, "3 of 2 rules makes no sense"),
        ("temporal", {"condition": "first and not second"}, "a condition in words"),
        ("temporal_ordered", {"condition": {"gte": 1}}, "asks for all of its rules"),
        ("event_count", {"condition": {"lt": 3}}, "the condition lt is not supported"),
        ("event_count", {"condition": {"eq": 3}}, "the condition eq is not supported"),
        ("event_count", {"condition": {"gte": 1}}, "it must ask for 2 to 1000"),
        ("value_count", {"condition": {"gte": 3}}, "without field reference"),
        ("value_sum", {"condition": {"gte": 3, "field": "x"}}, "value_sum is not supported"),
        ("temporal", {"timespan": "30d"}, "at most 7d"),
        ("temporal", {"timespan": "soon"}, "Timespan 'soon' is invalid"),
        ("temporal", {"group_by": ["actor"]}, "group_by is not known; did you mean group-by?"),
        ("temporal", {"aliases": {"who": {"first": "x"}}}, "the alias who is not in group-by"),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, kind: str, changes: dict[str, object], said: str
) -> None:
    """By name, with its file, and it stops the load."""
    sentence = refused(tmp_path, base("first", "A"), base("second", "B"), chain(kind, **changes))

    assert said in sentence
    assert "both.yml" in sentence


@pytest.mark.parametrize(
    ("callwarden", "said"),
    [
        ({"headline": "x", "times": {"third": 2}}, "third is none of its rules"),
        ({"headline": "x", "times": {"first": 0}}, "must be from 1 to 50"),
        ({"headline": "x", "succeeds": True}, "succeeds is not known; did you mean succeeded?"),
        ({"headline": "{nothing}"}, "{nothing} is no field"),
    ],
)
def test_our_own_table_is_checked(tmp_path: Path, callwarden: dict[str, object], said: str) -> None:
    """As for a rule."""
    document = {**chain(), "callwarden": callwarden}

    assert said in refused(tmp_path, base("first", "A"), base("second", "B"), document)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"records": []}, "it needs records, or a test that it is like"),
        ({"records": [{"like": "nobody", "at": "10:00"}]}, "it is like 'nobody'; known are"),
        ({"records": [{"like": "key", "at": "noon"}]}, "at 'noon' is no time"),
        ({"records": [{"like": "key", "at": "10:00", "times": 0}]}, "times must be from 1"),
        ({"like": "another"}, "it is like 'another'"),
    ],
)
def test_a_test_that_cannot_be_read_is_said(
    tmp_path: Path, test: dict[str, object], said: str
) -> None:
    """Else it would test nothing."""
    document = {**chain(), "tests": [{"name": "one", "match": True, **test}]}

    assert said in refused(tmp_path, base("first", "A"), base("second", "B"), document)


def test_a_disabled_base_rule_still_counts(tmp_path: Path) -> None:
    """It is not heard of; the chain is not broken by it. A disabled correlation is gone."""
    rules(tmp_path, generate=True)
    where = {"folders": [tmp_path / "theirs"], "pack": tmp_path / "pack"}
    found = sigma.load(disabled=["first"], **where)  # type: ignore[arg-type]
    without = sigma.load(disabled=["both"], **where)  # type: ignore[arg-type]

    assert [rule.name for rule in found] == ["second"]
    assert [rule.name for rule in found.rules if rule.watched] == ["first", "second"]
    assert [rule.watched for rule in without.rules] == [False, False]
    assert without.correlations == ()


def test_rules_are_found_by_their_ids(tmp_path: Path) -> None:
    """As Sigma allows, also in aliases."""
    one = "11111111-2222-4333-8444-555555555555"
    (tmp_path / "pack").mkdir()
    aliases = {"who": {one: "userIdentity.userName", "second": "target"}}
    by: dict[str, object] = {"rules": [one, "second"], "group-by": ["who"], "aliases": aliases}
    document = chain("temporal_ordered", **by)
    theirs = written(tmp_path / "theirs", base("first", "A", id=one), base("second", "B"), document)

    (found,) = sigma.load([theirs], pack=tmp_path / "pack").correlations
    assert found.rules == ("first", "second")
    assert found.aliases["who"] == {"first": "userIdentity.userName", "second": "target"}


def test_a_users_correlation_does_not_silence_ours(tmp_path: Path) -> None:
    """Whoever adds a chain must not lose what spoke before."""
    (tmp_path / "theirs").mkdir()
    document = chain(rules=["connect_instance_deleted", "connect_traffic_moved"])
    found = sigma.load([written(tmp_path / "theirs", document)])

    assert not found.named("connect_instance_deleted").silent
    assert found.named("connect_instance_deleted").watched
