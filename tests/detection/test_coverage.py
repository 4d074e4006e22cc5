"""What the rules look at, what they do not, and which of them a feed shows nothing."""

from __future__ import annotations

from dataclasses import replace

import botocore
import pytest
from botocore.session import get_session

from bot.detection.coverage import Calls, Group, blind, changing, coverage, reviewed
from bot.detection.rule import RuleSet
from bot.detection.sigma import load

RULES = load()
ONE = next(iter(RULES))
WHY = Calls("1", (), (Group("Nobody minds.", ("CreateView", "DeleteInstance")),))


def test_each_call_has_its_rules_or_a_reason() -> None:
    """A call with neither is named, and a reason that is no longer needed too."""
    found = coverage(RULES, ["DeleteInstance", "CreateView", "MoveAll", "ListUsers"], WHY)
    calls = {call.name: (call.rules, call.reason) for call in found.calls}

    assert calls == {
        "CreateView": ((), "Nobody minds."),
        "DeleteInstance": (("connect_instance_deleted",), ""),
        "MoveAll": ((), ""),
    }
    assert (found.unexplained, found.outlived) == (("MoveAll",), ("DeleteInstance",))
    assert found.covered == 1


def test_techniques_name_their_rules() -> None:
    """Sorted, with what ATT&CK calls them."""
    found = {one.technique.id: one for one in coverage(RULES, [], WHY).techniques}

    assert found["T1485"].technique.name == "Data Destruction"
    assert "connect_instance_deleted" in found["T1485"].rules


def test_correlations_count_for_their_techniques_and_for_no_call() -> None:
    """A call that is a step of one is not looked at for itself."""
    chain = RULES.correlation("connect_mass_delete")
    assert chain is not None
    base = tuple(rule for rule in RULES.rules if rule.name in chain.rules)
    found = coverage(RuleSet(base, (chain,)), ["DeleteUser"], WHY)

    assert [(one.technique.id, one.rules) for one in found.techniques] == [
        ("T1485", ("connect_mass_delete",)),
        ("T1531", ("connect_mass_delete",)),
    ]
    assert (base[0].silent, found.calls[0].rules, found.everywhere) == (True, (), ())


@pytest.mark.parametrize(
    ("name", "seen", "dark"),
    [
        ("recordings_read_in_bulk", [("s3.amazonaws.com", "PutBucketPolicy")], True),
        ("recordings_read_in_bulk", [("s3.amazonaws.com", "GetObject")], False),
        ("access_key_made_then_tried", [("iam.amazonaws.com", "CreateAccessKey")], True),
        ("access_key_made_then_tried", [("iam.amazonaws.com", "ListRoles")], False),
        ("connect_mass_delete", [], False),
    ],
)
def test_a_blind_correlation_is_named(name: str, seen: list[tuple[str, str]], dark: bool) -> None:
    """By what its own base rules need: that another step of it came proves nothing."""
    chain = RULES.correlation(name)
    assert chain is not None
    found = blind(RuleSet(RULES.rules, (chain,)), seen)

    assert (name in [one.rule for one in found]) is dark


def test_a_rule_about_any_call_covers_none() -> None:
    """It says nothing about what a call does."""
    anything = replace(ONE, name="anything", guess=lambda known: None)
    found = coverage(RuleSet((anything,)), ["CreateView"], WHY)

    assert (found.everywhere, found.calls[0].rules) == (("anything",), ())


@pytest.mark.parametrize(
    ("needs", "seen", "why"),
    [
        ((), [], ""),
        (("read_events",), [], "no call that only reads has come"),
        (("read_events",), [("connect.amazonaws.com", "CreateUser")], "no call that only reads"),
        (("read_events",), [("iam.amazonaws.com", "ListUsers")], ""),
        (("data_events",), [("iam.amazonaws.com", "ListUsers")], "none of the data events"),
        (("data_events",), [("s3.amazonaws.com", "GetObject")], ""),
        (("data_events", "read_events"), [], "data events that it looks at has come yet, and no"),
    ],
)
def test_a_blind_rule_is_named(
    needs: tuple[str, ...], seen: list[tuple[str, str]], why: str
) -> None:
    """Where its own calls came, or for reads any that reads, it is not."""
    rule = replace(ONE, needs=needs, guess=lambda known: known["eventName"] == ("GetObject",))
    found = blind(RuleSet((rule,)), seen)

    assert [why in one.why for one in found] == ([True] if why else [])


def test_every_call_of_connect_is_accounted_for() -> None:
    """By a rule or by a reason, for the botocore that was reviewed; a newer one may bring more."""
    why = reviewed()
    operations = get_session().get_service_model("connect").operation_names
    found = coverage(RULES, operations, why)
    listed = [name for group in why.group for name in group.operations]

    assert len(listed) == len(set(listed))
    assert changing(listed) == sorted(listed)
    assert set(listed) <= set(why.operations)
    if botocore.__version__ == why.reviewed:
        assert list(why.operations) == changing(operations)
        assert found.unexplained == ()
