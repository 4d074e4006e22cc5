"""Who made a call: people, services, and people behind services' roles."""

from __future__ import annotations

import pytest

from bot.detection.actor import normalised
from bot.model import Actor
from tests.detection.made import record, seen

USER = "66666666-7777-4888-9999-000000000000"
WEBSITE = "AWSServiceRoleForAmazonConnect_a1b2c3d4e5f6a7b8c9d0"
SYNC = "AWSServiceRoleForAmazonConnectSynchronization_11111111-2222-3333"


def session(role: str, name: str, path: str = "", **more: object) -> dict[str, object]:
    """The userIdentity of an assumed role."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{name}",
        "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/{name}",
        "accountId": "111122223333",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "arn": f"arn:aws:iam::111122223333:role/{path}{role}",
                "userName": role,
            }
        },
        **more,
    }


def actor(identity: object, **fields: str) -> Actor:
    """The actor of a record with this userIdentity."""
    return seen(record(userIdentity=identity, **fields)).actor


def test_a_role_is_its_issuer_and_session() -> None:
    """The principal stays the same however the session's name is written; the name shows both."""
    found = actor(session("Ops", "Alice@Example.com"))

    assert found.principal == "arn:aws:iam::111122223333:role/Ops/alice@example.com"
    assert found.name == "Alice@Example.com (Ops)"


def test_identity_center_names_its_sessions() -> None:
    """There the session's name is not the caller's choice and can stand alone."""
    path = "aws-reserved/sso.amazonaws.com/"
    assert actor(session("AWSReservedSSO_Admin_0123", "alice", path)).name == "alice"


def test_connect_website_sessions_are_connect_users() -> None:
    """A change in the admin website is made by the Connect user in the session's name."""
    identity = session(WEBSITE, USER.upper(), "aws-service-role/connect.amazonaws.com/")
    found = actor(identity)

    assert (found.principal, found.connect_user) == (USER, USER)


def test_a_role_that_only_looks_service_linked_is_nobody_in_connect() -> None:
    """Anyone can name a role so; only AWS can put one under aws-service-role/."""
    assert actor(session(WEBSITE, USER)).connect_user is None


def test_connect_as_root_is_a_service() -> None:
    """Connect's own calls are told by their address; a root user may choose any user agent."""
    root = {"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"}
    service = "connect.amazonaws.com"

    assert service == actor(root, sourceIPAddress=service, userAgent=service).principal
    assert service == actor(root, sourceIPAddress=service).principal
    assert actor(root, userAgent=service).kind == "Root"
    assert (actor(root).kind, actor(root).principal) == ("Root", "arn:aws:iam::111122223333:root")


@pytest.mark.parametrize(
    ("identity", "principal", "name"),
    [
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, *["ec2.amazonaws.com"] * 2),
        ({"invokedBy": "ec2.amazonaws.com"}, *["ec2.amazonaws.com"] * 2),
        (
            {
                "type": "SAMLUser",
                "principalId": "q:Sam",
                "userName": "Sam",
                "identityProvider": "q",
            },
            "saml/q/Sam",
            "Sam",
        ),
        ({"type": "AssumedRole", "principalId": "AROA1:a@b.c"}, "AROA1/a@b.c", "a@b.c"),
        ({"type": "AWSAccount", "accountId": "444455556666"}, *["444455556666"] * 2),
        ({"type": "IAMUser", "userName": "eve", "accountId": "1"}, "1:eve", "eve"),
        (None, "", ""),
        ("nobody", "", ""),
        ([], "", ""),
        ({"type": 5, "arn": ["x"]}, "", ""),
    ],
)
def test_other_identities(identity: object, principal: str, name: str) -> None:
    """Every kind has a stable principal, and nonsense has none."""
    found = actor(identity)

    assert (principal, name) == (found.principal, found.name)


def test_cloudformation_acts_for_somebody() -> None:
    """A deployment is its author's doing."""
    identity = {"type": "IAMUser", "arn": "arn:aws:iam::1:user/dev", "userName": "dev"}
    found = actor({**identity, "invokedBy": "cloudformation.amazonaws.com"})

    assert (found.principal, found.name) == ("arn:aws:iam::1:user/dev", "dev")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("botocore-session-1690000001", "botocore-session-1690000999"),
        ("job-6f0d1c52-6a55-5a3e-9d0b-0a6c1f4f7c11", "job-7a0d1c52-6a55-5a3e-9d0b-0a6c1f4f7c12"),
        ("Alice", "alice "),
    ],
)
def test_what_changes_from_session_to_session_is_left_out(one: str, other: str) -> None:
    """Times and random ids in a session's name do not make a new principal."""
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice@example.com", "bob@example.com"),
        ("i-0123456789abcdef0", "i-0123456789abcdef1"),
        ("123456789", "123456780"),
        ("agent7", "agent8"),
    ],
)
def test_people_and_machines_stay_apart(one: str, other: str) -> None:
    """Names, staff numbers and machines in a session's name do."""
    assert normalised(one) != normalised(other)


def test_replays_are_told_by_what_aws_sets() -> None:
    """Synchronization by its service or its service-linked role is a replay."""
    service = "synchronization.connect.amazonaws.com"
    linked = session(SYNC, "ResourceSynchronization", "aws-service-role/connect.amazonaws.com/")

    assert seen(record(userIdentity=session(SYNC, "x", invokedBy=service))).replay
    assert seen(record(userIdentity=linked)).replay


def test_a_role_with_the_name_of_synchronization_is_no_replay() -> None:
    """A replay is folded quietly, so an attacker must not be able to look like one."""
    assert not seen(record(userIdentity=session(SYNC, "x"))).replay
    assert not seen(record()).replay
