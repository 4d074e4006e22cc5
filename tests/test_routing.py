"""Which channel an alert goes to: the first route that fits, else its instance's, else the main."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model import Finding, Level, iso
from bot.routing import Route, carries, router
from tests.builders import CHANNEL, INSTANCE, NOON, make_finding, make_record, make_triage

OTHER = "9f8e7d6c-5b4a-4321-8765-0a1b2c3d4e5f"
OWN, FIRST, SECOND = "C0OWN", "C0FIRST", "C0SECOND"
TAGS = ("attack.privilege-escalation", "attack.t1078.004")


def finding(level: Level = Level.HIGH, tags: tuple[str, ...] = TAGS, **record: Any) -> Finding:
    """What a rule said of a record in INSTANCE."""
    return make_finding(make_record(**record), level=level, tags=tags)


@pytest.mark.parametrize(
    ("conditions", "caught"),
    [
        ({"instances": frozenset({INSTANCE})}, True),
        ({"instances": frozenset({INSTANCE, OTHER})}, True),
        ({"instances": frozenset({OTHER})}, False),
        ({"account": "111122223333"}, True),
        ({"account": "111122223334"}, False),
        ({"level": Level.MEDIUM}, True),
        ({"level": Level.HIGH}, True),
        ({"level": Level.CRITICAL}, False),
        ({"levels": frozenset({Level.LOW, Level.HIGH})}, True),
        ({"levels": frozenset({Level.CRITICAL})}, False),
        ({"tag": "attack.t1078.004"}, True),
        ({"tag": "ATTACK.T1078.004"}, True),
        ({"tag": "attack.t1078"}, False),
        ({"tag": "attack.t1078*"}, True),
        ({"tag": "attack.*"}, True),
        ({"tag": "attack.privilege_escalation"}, True),
        ({"tag": "attack.t1079*"}, False),
        ({"account": "111122223333", "level": Level.HIGH, "tag": "attack.*"}, True),
        ({"account": "111122223333", "level": Level.CRITICAL, "tag": "attack.*"}, False),
        ({"account": "111122223333", "level": Level.HIGH, "tag": "cis.*"}, False),
        ({}, True),
    ],
)
def test_a_route_catches_what_meets_all_of_its_conditions(
    conditions: dict[str, Any], caught: bool
) -> None:
    """A high finding of INSTANCE, with two tags, and each condition's hit and near miss."""
    assert Route(channel=FIRST, **conditions).catches(finding()) is caught


def test_what_no_tag_names_is_not_caught_by_a_tag() -> None:
    """A rule without tags meets no condition about them, not even the widest."""
    assert not Route(channel=FIRST, tag="attack.*").catches(finding(tags=()))
    assert not carries((), "*")


def test_the_first_route_that_fits_wins() -> None:
    """The order of the settings is the order of asking."""
    critical = Route(channel=FIRST, level=Level.CRITICAL)
    account = Route(channel=SECOND, account="111122223333")
    route = router([critical, account], {}, CHANNEL)

    assert route(finding(Level.CRITICAL)) == FIRST
    assert route(finding(Level.HIGH)) == SECOND
    assert router([account, critical], {}, CHANNEL)(finding(Level.CRITICAL)) == SECOND


def test_a_route_goes_before_the_instances_own_channel() -> None:
    """What no route catches goes to the instance's channel, and what has none to the main one."""
    route = router([Route(channel=FIRST, level=Level.CRITICAL)], {INSTANCE: OWN}, CHANNEL)

    assert route(finding(Level.CRITICAL)) == FIRST
    assert route(finding(Level.HIGH)) == OWN
    assert route(finding(Level.HIGH, instance=OTHER)) == CHANNEL
    assert route(finding(Level.HIGH, instance="")) == CHANNEL


def test_a_rising_level_moves_no_card() -> None:
    """People are reading it where it is; what follows is edited and said there."""
    route = router([Route(channel=FIRST, level=Level.CRITICAL)], {}, CHANNEL)
    triage = make_triage(channel_of=route)
    opened = triage.fold(finding(Level.HIGH), (), lambda: "A-00001", iso(NOON))
    worse = finding(Level.CRITICAL, event_id="e-2")

    risen = triage.fold(worse, [opened.alert], lambda: "A-00002", iso(NOON))

    assert (risen.alert.id, risen.alert.level) == ("A-00001", Level.CRITICAL)
    assert {risen.alert.channel, *(send.channel for send in risen.sends)} == {CHANNEL}
