"""What people and machines here do over and over, a call or a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from bot.demo.story.cast import (
    ACCOUNT,
    GLOBAL_REGION,
    PROD,
    REGION,
    Instance,
    Person,
    new_id,
)
from bot.demo.story.ordinary import AGENT_PROFILE, KEY_ARN
from bot.demo.story.records import (
    Scribe,
    Who,
    aws_service,
    federated,
    in_url,
    signed_in,
    single_sign_on,
    supplier,
    website,
)
from bot.demo.story.shapes import Json

_RECORDINGS: Final = "example-recordings"
_LOG_KEY: Final = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/55555555-3333-4222-8111-000000000000"
_MISSING: Final = ("ResourceNotFoundException", "The resource was not found.")


class Desk(Struct, frozen=True):
    """Who sits there, at which instance they work, and with whom."""

    person: Person
    instance: Instance
    team: Sequence[Person]

    @property
    def who(self) -> Who:
        """The caller that records show."""
        return website(self.person.user_id, self.instance, self.person.ip)


# ── agents and leads ────────────────────────────────────────────────────────


def sign_in(scribe: Scribe, at: float, person: Person) -> None:
    """By SAML, two records."""
    request: Json = {
        "sAMLAssertionID": f"_{scribe.rng.getrandbits(64):016x}EXAMPLE",
        "roleSessionName": person.username,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/ConnectSaml",
        "principalArn": f"arn:aws:iam::{ACCOUNT}:saml-provider/ExampleIdp",
        "durationSeconds": 3600,
    }
    scribe.write(at, single_sign_on(person), "sts:AssumeRoleWithSAML", request)
    token: Json = {"InstanceId": PROD.id}
    scribe.write(at + 2, federated(person), "connect:GetFederationToken", token)


def _set_status(scribe: Scribe, at: float, desk: Desk) -> None:
    _write(
        scribe, at, desk, "PutUserStatus", UserId=desk.person.user_id, AgentStatusId=_any(scribe)
    )


def _set_own_phone(scribe: Scribe, at: float, desk: Desk) -> None:
    phone = {"PhoneType": "SOFT_PHONE", "AutoAccept": scribe.rng.random() < 0.5}
    request = {"UserId": desk.person.user_id, "PhoneConfig": phone}
    _write(scribe, at, desk, "UpdateUserPhoneConfig", **request)


def _look_at_quick_connects(scribe: Scribe, at: float, desk: Desk) -> None:
    _write(scribe, at, desk, "ListQuickConnects", MaxResults=100)


def _look_at_user(scribe: Scribe, at: float, desk: Desk) -> None:
    _write(scribe, at, desk, "DescribeUser", UserId=scribe.rng.choice(desk.team).user_id)


def _look_at_team(scribe: Scribe, at: float, desk: Desk) -> None:
    name = scribe.rng.choice(("ListUsers", "ListQueues", "ListRoutingProfiles", "SearchUsers"))
    _write(scribe, at, desk, name, MaxResults=100)


def _read_live_metrics(scribe: Scribe, at: float, desk: Desk) -> None:
    request = {"Filters": {"Queues": [_any(scribe)], "Channels": ["VOICE"]}}
    _write(scribe, at, desk, "GetCurrentMetricData", **request)


def _move_agent(scribe: Scribe, at: float, desk: Desk) -> None:
    request = {
        "UserId": scribe.rng.choice(desk.team).user_id,
        "RoutingProfileId": _any(scribe),
    }
    _write(scribe, at, desk, "UpdateUserRoutingProfile", **request)


def _tune_queue(scribe: Scribe, at: float, desk: Desk) -> None:
    """A change of a queue, which Global Resiliency sometimes repeats in the replica Region."""
    request: Json = {
        "InstanceId": PROD.id,
        "QueueId": _any(scribe),
        "MaxContacts": scribe.rng.randint(10, 80),
    }
    who = website(desk.person.user_id, PROD, desk.person.ip)
    note = scribe.write(at, who, "connect:UpdateQueueMaxContacts", request)
    if scribe.rng.random() < 0.5:
        scribe.replay(note, PROD, after=scribe.rng.randint(3, 40))


AGENT: Final = ((_set_status, 6, 12), (_set_own_phone, 0, 1), (_look_at_quick_connects, 2, 5))
"""What an agent does in a shift: habit, at least, at most."""

LEAD: Final = (
    (_look_at_user, 18, 30),
    (_look_at_team, 12, 20),
    (_read_live_metrics, 20, 36),
    (_move_agent, 3, 7),
    (_tune_queue, 2, 5),
)
"""What a team lead does in a shift."""


def welcome(scribe: Scribe, at: float, lead: Person, person: Person) -> None:
    """A lead makes a user with the ordinary profile for somebody new."""
    request: Json = {
        "InstanceId": PROD.id,
        "Username": person.username,
        "IdentityInfo": {"FirstName": person.first, "LastName": person.last},
        "SecurityProfileIds": [AGENT_PROFILE],
        "RoutingProfileId": new_id(scribe.rng),
        "PhoneConfig": {"PhoneType": "SOFT_PHONE"},
    }
    who = website(lead.user_id, PROD, lead.ip)
    scribe.write(at, who, "connect:CreateUser", request, response={"UserId": person.user_id})


# ── administrators, developers, suppliers ───────────────────────────────────


def administer(scribe: Scribe, at: float, admin: Person) -> None:
    """The administrator looks around the account and the instance."""
    who = signed_in(admin, "ConnectAdmin")
    place: Json = {"InstanceId": PROD.id}
    calls: Sequence[tuple[str, Json | None]] = (
        ("ListInstances", None),
        ("DescribeInstance", place),
        ("ListSecurityProfiles", place),
        ("ListContactFlows", place),
        ("ListPhoneNumbersV2", {"TargetArn": PROD.arn()}),
    )
    for step in range(scribe.rng.randint(2, 5)):
        name, request = scribe.rng.choice(calls)
        scribe.write(at + step * 25, who, f"connect:{name}", request)
    if scribe.rng.random() < 0.5:
        scribe.write(at + 200, who, "iam:ListSAMLProviders", None, region=GLOBAL_REGION)


def look_up_directory(scribe: Scribe, at: float, helpdesk: Person) -> None:
    """The helpdesk looks whose account is locked."""
    request: Json = {"directoryIds": ["d-1234567890"]}
    scribe.write(at, signed_in(helpdesk, "Helpdesk"), "ds:DescribeDirectories", request)


def visit(scribe: Scribe, at: float, person: Person) -> None:
    """The supplier looks at what they built."""
    who = supplier(person, ACCOUNT)
    place: Json = {"InstanceId": PROD.id}
    for step, name in enumerate(("ListContactFlows", "ListContactFlowModules", "ListPrompts")):
        scribe.write(at + step * 40, who, f"connect:{name}", place)


def deploy(scribe: Scribe, at: float, who: Who) -> None:
    """CloudFormation brings flows; a module fails at times, and works at the second try."""
    instance = in_url(PROD.arn())
    module: Json = {
        "InstanceId": instance,
        "Content": "***",
        "ClientToken": new_id(scribe.rng),
        "Tags": {},
        "Name": "VoiceToChatFlowModule",
    }
    if scribe.rng.random() < 0.4:
        wrong = ("InvalidContactFlowModuleException", "")
        scribe.write(at, who, "connect:CreateContactFlowModule", module, error=wrong)
    scribe.write(at + 95, who, "connect:CreateContactFlowModule", module)
    for step in range(scribe.rng.randint(2, 5)):
        flow: Json = {
            "InstanceId": instance,
            "ContactFlowId": new_id(scribe.rng),
            "Content": "***",
        }
        scribe.write(at + 100 + step * 4, who, "connect:UpdateContactFlowContent", flow)


# ── machines ────────────────────────────────────────────────────────────────


def wallboard(scribe: Scribe, at: float, who: Who) -> None:
    """The wallboard's metrics, which CloudTrail does not call a read."""
    request: Json = {
        "ResourceArn": PROD.arn(),
        "Filters": [{"FilterKey": "QUEUE", "FilterValues": [new_id(scribe.rng)]}],
        "Metrics": [{"Name": "CONTACTS_HANDLED"}, {"Name": "CONTACTS_ABANDONED"}],
    }
    scribe.write(at, who, "connect:GetMetricDataV2", request, more={"readOnly": False})


def crawl(scribe: Scribe, at: float, who: Who) -> None:
    """AWS Config goes round: what there is, and often what there is not."""
    account = str(who.identity["accountId"])
    calls: Sequence[tuple[str, Json, tuple[str, str] | None]] = (
        ("connect:DescribeInstance", {"InstanceId": PROD.id}, None),
        ("connect:ListPhoneNumbersV2", {"TargetArn": PROD.arn()}, None),
        ("connect:DescribeInstanceStorageConfig", {"InstanceId": PROD.id}, _MISSING),
        ("cloudtrail:GetTrailStatus", {"name": "example-trail"}, None),
        ("cloudtrail:GetEventSelectors", {"trailName": "example-trail"}, None),
        ("s3:GetBucketPolicy", {"bucketName": _RECORDINGS}, _MISSING),
        ("kms:GetKeyRotationStatus", {"keyId": KEY_ARN}, None),
    )
    for step, (call, request, error) in enumerate(calls):
        scribe.write(at + step * 3, who, call, dict(request), account=account, error=error)


def voice_key(scribe: Scribe, at: float) -> None:
    """Voice ID uses its key."""
    name = scribe.rng.choice(("CreateGrant", "DescribeKey", "GenerateDataKeyWithoutPlaintext"))
    request: Json = {"keyId": KEY_ARN, "retiringPrincipal": "voiceid.amazonaws.com"}
    resources = [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": KEY_ARN}]
    more = {"resources": resources, "readOnly": name != "CreateGrant"}
    scribe.write(at, aws_service("voiceid"), f"kms:{name}", request, more=more)


def refused_delivery(scribe: Scribe, at: float, who: Who) -> None:
    """A log file that may not be encrypted: services ask again and again."""
    request: Json = {
        "keyId": _LOG_KEY,
        "keySpec": "AES_256",
        "encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::example-logs/{ACCOUNT}"},
    }
    refused = (
        "AccessDenied",
        f"User: {who.identity['invokedBy']} is not authorized to perform: kms:GenerateDataKey "
        "because no resource-based policy allows the kms:GenerateDataKey action",
    )
    more = {"readOnly": True}
    scribe.write(at, who, "kms:GenerateDataKey", request, error=refused, more=more)


def _any(scribe: Scribe) -> str:
    return new_id(scribe.rng)


def _write(scribe: Scribe, at: float, desk: Desk, name: str, **request: object) -> None:
    place = {"InstanceId": desk.instance.id}
    account = desk.instance.account
    scribe.write(at, desk.who, f"connect:{name}", {**place, **request}, account=account)
