"""An exception as a Sigma filter hides what our own matching hides, and nothing else."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest
import yaml
from sigma.collection import SigmaCollection
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from bot.detection.filters import as_sigma
from bot.detection.sigma.compile import compiled
from bot.exemptions import choices, holds
from bot.model import Aspect, Exemption, Level, Person, Record
from tests.detection.made import record, seen

Table = dict[str, object]

RULE: dict[str, Any] = {
    "title": "A call to Connect",
    "name": "connect_call",
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {
        "selection": {"eventSource": "connect.amazonaws.com"},
        "condition": "selection",
    },
}
ROLE = "arn:aws:iam::111122223333:role"
LINKED = f"{ROLE}/aws-service-role/connect.amazonaws.com"
WEBSITE = "AWSServiceRoleForAmazonConnect_x1"
USER = "0a1b2c3d-0000-4000-8000-00000000000a"


def session(role: str, name: str, issuer: str = "") -> Table:
    """The identity of a role's session."""
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/{name}",
        "accountId": "111122223333",
        "sessionContext": {
            "sessionIssuer": {"arn": issuer or f"{ROLE}/{role}", "userName": role},
        },
    }


IDENTITIES: dict[str, Table] = {
    "a user": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory"},
    "a longer name": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory2"},
    "a name in capitals": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Mallory"},
    "a wildcard's twin": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallor?"},
    "a deploy": session("deploy", "ci-1234567890"),
    "another deploy": session("deploy", "ci-9876543210987"),
    "a deploy by hand": session("deploy", "ci-ana"),
    "a deploy with more": session("deploy", "my-ci-1234567890"),
    "another role": session("deploy2", "ci-1234567890"),
    "a role with a path": session("deploy", "ci-1234567890", f"{ROLE}/x/deploy"),
    "a session with dots": session("deploy", "a.b+c@x.example"),
    "its near miss": session("deploy", "aXb+c@x.example"),
    "a website user": session(WEBSITE, USER, f"{LINKED}/{WEBSITE}"),
    "another website user": session(WEBSITE, USER[:-1] + "b", f"{LINKED}/{WEBSITE}"),
    "a forged website role": session(WEBSITE, USER),
    "a service": {"type": "AWSService", "invokedBy": "backup.amazonaws.com"},
    "connect": {"type": "AWSService", "invokedBy": "connect.amazonaws.com"},
    "root": {"type": "Root", "arn": "arn:aws:iam::111122223333:root"},
}
OTHERS: dict[str, Table] = {
    "nothing else": {},
    "another call": {"eventName": "UpdateInstanceAttribute"},
    "a call in capitals": {"eventName": "DELETEINSTANCE"},
    "a neighbour": {"sourceIPAddress": "203.0.113.250"},
    "another network": {"sourceIPAddress": "203.0.114.10"},
    "IPv6": {"sourceIPAddress": "2001:db8:1::7"},
    "near by in IPv6": {"sourceIPAddress": "2001:db8:1:9::7"},
    "connect's own": {"sourceIPAddress": "connect.amazonaws.com"},
    "another account": {"recipientAccountId": "999988887777"},
    "another target": {"requestParameters": {"SecurityProfileId": "admins"}},
    "a target by its ARN": {
        "requestParameters": {
            "SecurityProfileId": "arn:aws:connect:eu-central-1:111122223333:instance/i/x/admins"
        }
    },
    "a longer target": {"requestParameters": {"SecurityProfileId": "my-admins"}},
    "a target with stars": {"requestParameters": {"SecurityProfileId": "adm*"}},
    "a target with slashes": {"requestParameters": {"SecurityProfileId": "adm\\*?"}},
}


def expected(record: Record, *aspects: Aspect) -> Exemption:
    """An exception for what *record* shows of *aspects*."""
    return Exemption(
        id="EX-7K2QF",
        alert="A-7K2QF",
        rule="connect_call",
        level=Level.HIGH,
        headline="a headline",
        actor=record.actor,
        conditions=tuple(one for one in choices(record) if one.aspect in aspects),
        days=90,
        reason='fix: prod * _down_ & "so" # yes',
        by=Person(user="U0ANA", team="T0TEAM", name="Ana"),
        at="2026-11-22T12:00:00.000Z",
    )


def hidden(exemption: Exemption, events: list[Table]) -> list[bool]:
    """Of which events a rule no longer speaks once pySigma has applied the filter."""
    collection = SigmaCollection.from_dicts([RULE, yaml.safe_load(as_sigma(exemption))])
    (rule,) = [one for one in collection.rules if isinstance(one, SigmaRule)]
    faults: list[str] = []
    node = compiled(rule, faults)
    assert node, faults
    return [not node.matches(event) for event in events]


EVENTS = {
    f"{who}, {what}": record() | {"userIdentity": identity} | other
    for (who, identity), (what, other) in itertools.product(IDENTITIES.items(), OTHERS.items())
}


@pytest.mark.parametrize("aspect", Aspect)
@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("who", ["a user", "a deploy"])
def test_it_hides_what_our_own_matching_hides(who: str, other: str, aspect: Aspect) -> None:
    """For the actor with each other aspect, over records that nearly fit."""
    exemption = expected(seen(EVENTS[f"{who}, {other}"]), Aspect.ACTOR, aspect)

    by_sigma = hidden(exemption, list(EVENTS.values()))
    by_us = [holds(exemption.conditions, seen(event)) for event in EVENTS.values()]

    assert any(by_us)
    named = zip(EVENTS, by_us, by_sigma, strict=True)
    assert [(name, one) for name, one, two in named if one is not two] == []


@pytest.mark.parametrize("who", IDENTITIES)
def test_every_kind_of_actor_is_told_apart(who: str) -> None:
    """An actor's exception hides none of the others."""
    events = [event for name, event in EVENTS.items() if name.endswith(", nothing else")]
    exemption = expected(seen(EVENTS[f"{who}, nothing else"]), Aspect.ACTOR)

    assert hidden(exemption, events) == [holds(exemption.conditions, seen(one)) for one in events]
    assert hidden(exemption, events)[list(IDENTITIES).index(who)]


def test_it_is_a_standard_filter() -> None:
    """pySigma reads it as one, with the rule's name, the reason and an id that stays."""
    exemption = expected(seen(record()), *Aspect)

    read = SigmaFilter.from_yaml(as_sigma(exemption))

    assert [one.reference for one in read.filter.rules] == ["connect_call"]  # type: ignore[union-attr]  # a list here
    assert exemption.reason in str(read.description)
    assert isinstance(read.id, UUID)
    assert as_sigma(exemption) == as_sigma(exemption)


@pytest.mark.parametrize(
    "identity",
    [
        {},
        {"type": "SAMLUser", "userName": "ana", "identityProvider": "x"},
        {"type": "Unknown", "principalId": "AIDAX"},
    ],
)
def test_nobody_certain_is_not_offered(identity: Table) -> None:
    """Where no fields of a record tell the actor, nothing can be expected of them."""
    assert choices(seen(record(userIdentity=identity))) == ()
