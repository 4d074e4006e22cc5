"""A test in a rule's file may be another one with a difference."""

from __future__ import annotations

import pytest

from bot.detection.rulecase import callers, changed, read_tests


def test_a_near_miss_is_its_hit_with_a_difference() -> None:
    faults: list[str] = []
    hit, miss = read_tests(
        [
            {"name": "hit", "match": True, "like": "website", "with": {"eventName": "CreateUser"}},
            {"name": "miss", "match": False, "like": "hit", "with": {"userIdentity.type": "Root"}},
        ],
        faults,
    )
    assert not faults
    assert hit.record["eventName"] == miss.record["eventName"] == "CreateUser"
    assert hit.record == callers()["website"] | {"eventName": "CreateUser"}
    assert miss.record["userIdentity"] != hit.record["userIdentity"]


def test_a_change_adds_replaces_and_takes_away_without_touching_the_original() -> None:
    record: dict[str, object] = {"a": {"b": 1, "c": 2}, "d": None}
    assert changed(record, {"a.b": None, "d.e": [1]}) == {"a": {"c": 2}, "d": {"e": [1]}}
    assert changed(record, {"a.b": {"x": 1}, "a.b.y": 2}) == {
        "a": {"b": {"x": 1, "y": 2}, "c": 2},
        "d": None,
    }
    assert record == {"a": {"b": 1, "c": 2}, "d": None}


@pytest.mark.parametrize(
    ("test", "fault"),
    [
        ({"name": "x", "match": True}, "'x' needs a record, or a test that it is like"),
        ({"name": "x", "match": True, "record": {}, "like": "root"}, "'x' needs a record"),
        ({"name": "x", "match": True, "like": "nobody"}, "'x' is like 'nobody'; known are website"),
        (
            {"name": "x", "match": True, "like": "root", "with": {"eventName.x": 1}},
            "eventName.x leads through eventName, which is no object",
        ),
        ({"name": "x", "match": True, "like": "root", "when": 1}, "unknown field"),
    ],
)
def test_what_is_wrong_with_a_test_is_said(test: dict[str, object], fault: str) -> None:
    faults: list[str] = []
    assert read_tests([test], faults) == ()
    assert fault in faults[0]
