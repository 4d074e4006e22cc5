"""Writes records in CloudTrail's shapes, each with what must come of it."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from msgspec import Struct

from bot.demo.story.cast import ACCOUNT, REGION, REPLICA_REGION, Instance, Person, new_id
from bot.demo.story.shapes import Ends, Json, Noted

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0"
OTHER_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

_READ = re.compile(r"\A(Get|List|Describe|Search)")


class Who(Struct, frozen=True):
    """The caller of a record: CloudTrail's userIdentity, the actor, whence and with what."""

    identity: Json
    actor: str
    ip: str
    agent: str


class Scribe:
    """Keeps the story's notes. Ids come from *rng*; times count from *start*."""

    def __init__(self, rng: random.Random, start: datetime) -> None:
        self.rng = rng
        self.start = start
        self.notes: list[Noted] = []

    def write(
        self,
        at: float,
        who: Who,
        call: str,
        request: Json | None,
        *,
        account: str = ACCOUNT,
        region: str = REGION,
        response: Json | None = None,
        error: tuple[str, str] | None = None,
        more: Mapping[str, object] | None = None,
        rule: str | None = None,
        fold: tuple[str, ...] = (),
        fast: bool = False,
        caption: str = "",
        ends: tuple[Ends, ...] = (),
    ) -> Noted:
        """Note one record. *call* is `service:EventName`; *at* is seconds, cut to whole ones."""
        service, _, name = call.partition(":")
        second = float(int(at))
        record: Json = {
            "eventVersion": "1.11",
            "userIdentity": who.identity,
            "eventTime": f"{self.start + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": f"{service}.amazonaws.com",
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": who.ip,
            "userAgent": who.agent,
            "requestParameters": request,
            "responseElements": response,
            "requestID": new_id(self.rng),
            "eventID": new_id(self.rng),
            "readOnly": bool(_READ.match(name)),
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account,
            "eventCategory": "Management",
        }
        if error:
            record |= {"errorCode": error[0], "errorMessage": error[1]}
        record |= more or {}
        note = Noted(
            at=second,
            record=record,
            rule=rule,
            fold=fold,
            fast=fast,
            caption=caption,
            ends=ends,
        )
        self.notes.append(note)
        return note

    def replay(self, original: Noted, instance: Instance, *, after: float) -> Noted:
        """Global Resiliency repeats the change in the replica Region, *after* seconds later.

        Ids in the request become ARNs of the replica there.
        """
        request = original.record["requestParameters"]
        assert isinstance(request, dict)
        arn = instance.arn(REPLICA_REGION)
        copied: Json = {
            **request,
            "InstanceId": arn,
            **{
                key: f"{arn}/{_RESOURCES[key]}/{request[key]}"
                for key in request.keys() & _RESOURCES.keys()
            },
        }
        source = str(original.record["eventSource"]).partition(".")[0]
        return self.write(
            original.at + after,
            synchronization(instance),
            f"{source}:{original.record['eventName']}",
            copied,
            account=instance.account,
            region=REPLICA_REGION,
            rule=original.rule,
            fold=original.fold,
            caption="Global Resiliency repeats a change in the replica Region",
        )


_RESOURCES = {
    "UserId": "agent",
    "SecurityProfileId": "security-profile",
    "QueueId": "queue",
    "QuickConnectId": "transfer-destination",
}


# ── callers ─────────────────────────────────────────────────────────────────


def website(user_id: str, instance: Instance, ip: str, agent: str = BROWSER) -> Who:
    """Somebody in the admin website: a service-linked role whose session is the user's id."""
    suffix = instance.id.replace("-", "")[:20]
    role = f"AWSServiceRoleForAmazonConnect_{suffix}"
    path = "aws-service-role/connect.amazonaws.com/"
    return Who(_role(instance.account, role, user_id, path=path), user_id, ip, agent)


def signed_in(person: Person, role: str, ip: str = "", agent: str = BROWSER) -> Who:
    """Somebody with a permission set of IAM Identity Center in the main account."""
    full = f"AWSReservedSSO_{role}_0123456789abcdef"
    path = f"aws-reserved/sso.amazonaws.com/{REGION}/"
    identity = _role(ACCOUNT, full, person.email, path=path)
    return Who(identity, f"{full}/{person.email}", ip or person.ip, agent)


def supplier(person: Person, account: str) -> Who:
    """A contractor with a role of their own."""
    identity = _role(account, "SupplierSupport", person.email)
    return Who(identity, f"SupplierSupport/{person.email}", person.ip, OTHER_BROWSER)


def deployment(person: Person) -> Who:
    """CloudFormation, on behalf of an IAM user."""
    identity: Json = {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLEDEPLOYER01",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{person.username}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLEDEPLOY001",
        "userName": person.username,
        "sessionContext": {"attributes": {"mfaAuthenticated": "false"}},
        "invokedBy": "cloudformation.amazonaws.com",
    }
    service = "cloudformation.amazonaws.com"
    return Who(identity, person.username, service, service)


def crawler(account: str) -> Who:
    """AWS Config, which looks at everything."""
    role = "AWSServiceRoleForConfig"
    path = "aws-service-role/config.amazonaws.com/"
    identity = _role(account, role, "AWSConfig-Describe", path=path)
    service = "config.amazonaws.com"
    return Who({**identity, "invokedBy": service}, role, service, service)


def metrics_reader() -> Who:
    """The Lambda function behind the wallboard."""
    role = "WallboardMetrics-role"
    identity = _role(ACCOUNT, role, "WallboardMetrics", path="service-role/")
    agent = "aws-sdk-js/3.632.0 ua/2.0 os/linux lang/js md/nodejs#20.18.0 api/connect#3.632.0"
    return Who(identity, role, "192.0.2.5", agent)


def single_sign_on(person: Person) -> Who:
    """The first leg of a SAML sign-in: the identity provider speaks for the person."""
    identity: Json = {
        "type": "SAMLUser",
        "principalId": f"bdGOnTesti4+ExamplexL/jEvs=:{person.username}",
        "userName": person.username,
        "identityProvider": "bdGOnTesti4+ExamplexL/jEvs=",
    }
    return Who(identity, person.username, "AWS Internal", "aws-internal/3")


def federated(person: Person) -> Who:
    """The second leg: the role of the sign-in, with the username as its session."""
    identity = _role(ACCOUNT, "ConnectSaml", person.username)
    return Who(identity, f"ConnectSaml/{person.username}", person.ip, BROWSER)


def aws_service(name: str) -> Who:
    """An AWS service on its own behalf."""
    service = f"{name}.amazonaws.com"
    return Who({"type": "AWSService", "invokedBy": service}, service, service, service)


def log_delivery() -> Who:
    """The service that carries logs into buckets."""
    service = "delivery.logs.amazonaws.com"
    return Who({"type": "AWSService", "invokedBy": service}, service, service, service)


def synchronization(instance: Instance) -> Who:
    """Global Resiliency, which repeats every change in the replica Region."""
    role = f"AWSServiceRoleForAmazonConnectSynchronization_{instance.id[:18]}"
    path = "aws-service-role/synchronization.connect.amazonaws.com/"
    service = "synchronization.connect.amazonaws.com"
    identity = _role(instance.account, role, "ResourceSynchronization", path=path)
    return Who({**identity, "invokedBy": service}, role, service, service)


def in_url(arn: str) -> str:
    """An ARN as CloudFormation's calls show it: URL-encoded."""
    return quote(arn, safe="")


def _role(account: str, role: str, session: str, *, path: str = "") -> Json:
    principal = f"AROAEXAMPLE{sum(role.encode()):010d}"
    return {
        "type": "AssumedRole",
        "principalId": f"{principal}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
        "accountId": account,
        "accessKeyId": f"ASIAEXAMPLE{sum(session.encode()):09d}",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": principal,
                "arn": f"arn:aws:iam::{account}:role/{path}{role}",
                "accountId": account,
                "userName": role,
            },
            "attributes": {"mfaAuthenticated": "false"},
        },
    }
