"""Correlations: what completes one, what nearly does, and that order and repeats change nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.detection.chainwindow import ChainWindow
from bot.detection.correlate import Chains
from bot.detection.engine import Engine
from bot.detection.rule import BROKEN_RULE, RuleSet
from tests.detection.chains import call, rules, said
from tests.detection.made import entry

MALLORY = {
    "type": "IAMUser",
    "arn": "arn:aws:iam::111122223333:user/mallory",
    "userName": "mallory",
}
ALICE = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice"}


def test_steps_in_their_order_are_a_chain(tmp_path: Path) -> None:
    """The finding names the steps and their times, and when it began."""
    (finding,) = said(rules(tmp_path), [call("A", 2), call("B", 9)])

    assert finding.rule == "both"
    assert "A 10:02, B 10:09 (UTC)" in finding.why
    assert finding.since == "2026-11-22T10:02:00.000Z"
    assert finding.fold == ("arn:aws:iam::111122223333:user/mallory",)
    assert finding.headline == "Both by {one}"


@pytest.mark.parametrize(
    "records",
    [
        [call("A", 2)],
        [call("B", 2), call("A", 9)],
        [call("A", 2), call("B", 63)],
        [call("A", 2), call("B", 9, userIdentity=ALICE)],
        [call("A", 2), call("B", 9, userIdentity={})],
    ],
    ids=["one step", "wrong order", "outside the window", "another actor", "nobody known"],
)
def test_near_misses_are_none(tmp_path: Path, records: list[dict[str, object]]) -> None:
    """Each lacks one thing."""
    assert said(rules(tmp_path), records) == []


def test_a_late_record_completes_a_chain(tmp_path: Path) -> None:
    """By the records' own times, also where the first step comes last."""
    found = rules(tmp_path)
    late = said(found, [call("B", 9), call("A", 2)])

    assert [one.id for one in late] == [one.id for one in said(found, [call("A", 2), call("B", 9)])]


def test_without_an_order_any_will_do(tmp_path: Path) -> None:
    """Temporal asks only for all of its rules."""
    assert len(said(rules(tmp_path, "temporal"), [call("B", 2), call("A", 9)])) == 1


def test_one_call_alone_is_no_chain(tmp_path: Path) -> None:
    """A record that matches two steps is one of them."""
    from bot.detection import sigma
    from tests.detection.chains import base, chain, written

    theirs = written(tmp_path / "t", base("first", "A"), base("second", "A"), chain("temporal"))
    (tmp_path / "pack").mkdir()
    found = sigma.load([theirs], pack=tmp_path / "pack")

    assert said(found, [call("A", 2), call("A", 2)]) == []
    assert len(said(found, [call("A", 2), call("A", 3)])) == 1


def test_many_calls_are_counted(tmp_path: Path) -> None:
    """As many records as asked for within the window, of any of the rules; repeats do not count."""
    found = rules(tmp_path, "event_count", condition={"gte": 3})

    assert said(found, [call("A", 2), call("A", 3), call("A", 3)]) == []
    (finding,) = said(found, [call("A", 2), call("B", 3), call("A", 4)])
    assert "3 calls or more from 10:02 to 10:04 (UTC): A, B." in finding.why
    assert said(found, [call("A", 2), call("A", 3), call("A", 63)]) == []


def test_a_burst_speaks_once_a_stretch(tmp_path: Path) -> None:
    """A hundred calls are one finding, and those of the next hour another that folds in."""
    found = rules(tmp_path, "event_count", condition={"gte": 3})

    assert len(said(found, [call("A", number / 2) for number in range(100)])) == 1
    both = said(found, [call("A", number) for number in range(100)])
    assert len(both) == 2
    assert len({one.fold for one in both}) == 1


def test_different_values_are_counted(tmp_path: Path) -> None:
    """The same value again is not another one; a record without it does not count."""
    found = rules(
        tmp_path, "value_count", condition={"gte": 3, "field": "requestParameters.secretId"}
    )

    def read(secret: str | None, minute: int) -> dict[str, object]:
        return call("A", minute, requestParameters={"secretId": secret})

    assert said(found, [read(one, place) for place, one in enumerate(["a", "b", "b", None])]) == []
    (finding,) = said(found, [read(one, place) for place, one in enumerate(["a", "b", "b", "c"])])
    assert "3 different values of requestParameters.secretId from 10:00 to 10:03" in finding.why


def test_a_step_may_take_several(tmp_path: Path) -> None:
    """Three of the first and then one of the second; two, or one too late, are not enough."""
    found = rules(tmp_path)
    several = replace(found.correlations[0], times={"first": 3})
    found = RuleSet(found.rules, (several,))
    tries = [call("A", minute) for minute in (1, 2, 3)]

    (finding,) = said(found, [*tries, call("B", 4)])
    assert "A 10:01 (3 times), B 10:04 (UTC)." in finding.why
    assert said(found, [*tries[:2], call("B", 4)]) == []
    assert said(found, [*tries, tries[0], call("B", 2)]) == []


def test_an_alias_joins_what_has_two_names(tmp_path: Path) -> None:
    """Who was changed first and acts then."""
    person = {"first": "requestParameters.userName", "second": "userIdentity.userName"}
    joined: dict[str, object] = {"group-by": ["person"], "aliases": {"person": person}}
    found = rules(tmp_path, "temporal_ordered", **joined)
    changed = call("A", 2, userIdentity=ALICE, requestParameters={"userName": "Mallory"})

    assert len(said(found, [changed, call("B", 9)])) == 1
    assert said(found, [changed, call("B", 9, userIdentity=ALICE)]) == []


def test_a_record_without_a_time_counts_as_of_now(tmp_path: Path) -> None:
    """Leaving it out could hide the one that was tampered with."""
    records = [call("A", 2), call("B", 2, eventTime="soon")]

    assert len(said(rules(tmp_path), records, now="2026-11-22T10:30:00.000Z")) == 1
    assert said(rules(tmp_path), records, now="2026-11-22T12:30:00.000Z") == []


def test_a_replicas_copy_does_not_count(tmp_path: Path) -> None:
    """Global Resiliency repeats what has counted already."""
    copy = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/x/y",
        "invokedBy": "synchronization.connect.amazonaws.com",
    }
    found = rules(tmp_path, "event_count", condition={"gte": 2}, **{"group-by": ["account"]})

    assert len(said(found, [call("A", 2), call("A", 3)])) == 1
    assert said(found, [call("A", 2), call("A", 3, userIdentity=copy)]) == []


def test_base_rules_are_silent(tmp_path: Path) -> None:
    """Unless the correlation generates."""
    quiet, loud = rules(tmp_path), rules(tmp_path, generate=True)

    assert Engine(quiet).judge(entry(call("A", 2))) == ()
    assert [one.rule for one in Engine(loud).judge(entry(call("A", 2)))] == ["first"]


def test_a_correlation_that_raises_is_a_finding(tmp_path: Path) -> None:
    """Silence is the worst fault."""
    found = rules(tmp_path)
    bad = replace(found.correlations[0], headline="{nothing}")

    (finding,) = said(RuleSet(found.rules, (bad,)), [call("A", 2), call("B", 9)])
    assert finding.rule == BROKEN_RULE
    assert "both ended with KeyError" in finding.why


def test_a_shadow_correlation_is_counted_and_not_heard(tmp_path: Path) -> None:
    """Once for each thing that it would have said. That it broke is said all the same."""
    found = rules(tmp_path)
    (chain,) = (replace(one, status="shadow", overridden=True) for one in found.correlations)
    records = [
        call("A", 2),
        call("B", 9),
        call("B", 10),
        call("B", 9),
        call("A", 70),
        call("B", 75),
    ]
    engine, window = Engine(found), ChainWindow(Chains(RuleSet(found.rules, (chain,))))

    assert [window.judge(engine.look(entry(one)).hits, "") for one in records] == [()] * 6
    assert window.shadow_counts == {"both": len(said(found, records))} == {"both": 2}
    bad = replace(chain, headline="{nobody}")
    (finding,) = said(RuleSet(found.rules, (bad,)), records[:2])
    assert finding.rule == BROKEN_RULE


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Who was heard of longest ago is forgotten first."""
    found = rules(tmp_path)
    engine, window = Engine(found), ChainWindow(Chains(found), most=50)

    def judge(record: dict[str, object]) -> int:
        return len(window.judge(engine.look(entry(record)).hits, ""))

    def by(number: int) -> dict[str, object]:
        return {"type": "IAMUser", "arn": f"arn:aws:iam::111122223333:user/u{number}"}

    for number in range(100):
        judge(call("A", 2, userIdentity=by(number)))
    assert judge(call("B", 3, userIdentity=by(99))) == 1
    assert judge(call("B", 3, userIdentity=by(1))) == 0
    for number in range(200):
        judge(call("A", 2, number))
    assert judge(call("B", 3)) == 1


KINDS = [
    ("temporal_ordered", {}),
    ("temporal", {}),
    ("event_count", {"condition": {"gte": 3}}),
    ("value_count", {"condition": {"gt": 2, "field": "source_ip"}}),
]
CALLS = st.builds(
    call,
    st.sampled_from("ABC"),
    st.integers(0, 200),
    st.integers(0, 1),
    sourceIPAddress=st.sampled_from(["203.0.113.1", "203.0.113.2", "203.0.113.3"]),
    userIdentity=st.sampled_from([MALLORY, ALICE]),
)


@pytest.mark.parametrize(("kind", "more"), KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(records=st.lists(CALLS, max_size=14), seed=st.integers(0, 99))
def test_order_and_repeats_change_nothing(
    kind: str, more: dict[str, object], records: list[dict[str, object]], seed: int, tmp_path: Path
) -> None:
    """In any order, and each as often as you like, they give the same findings."""
    found = rules(tmp_path, kind, **more)
    rng = random.Random(seed)  # noqa: S311 - a test
    shuffled = [*records, *rng.choices(records, k=5)] if records else []
    rng.shuffle(shuffled)

    assert {one.id for one in said(found, records)} == {one.id for one in said(found, shuffled)}
