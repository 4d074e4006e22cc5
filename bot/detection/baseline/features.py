"""What of a record is compared with what was usual: who, in which group, and each dimension."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from bot.detection.baseline.keys import key
from bot.model import Actor

_DAYS = ("thu", "fri", "sat", "sun", "mon", "tue", "wed")
"""1 January 1970 was a Thursday."""

_READS = re.compile(
    r"(BatchGet|BatchDescribe|Get|List|Describe|Search|Head|Lookup|Check|Query|Scan|Select|Test"
    r"|Simulate|Validate|View)"
)
_DELETES = re.compile(r"(Batch)?(Delete|Disassociate|Terminate|Remove|Release|Detach|Revoke|Purge)")
_SIGN_INS = re.compile(r"(ConsoleLogin|AssumeRole|SwitchRole|GetFederation|GetSessionToken)")
_RISKY = re.compile(
    r"(AdminGet|GetFederationToken|.*(SecurityProfile|UserHierarchy|ContactFlow|PhoneNumber"
    r"|InstanceStorage|InstanceAttribute|Integration|ApprovedOrigin|SecurityKey|LambdaFunction"
    r"|LexBot|TrafficDistribution|UserIdentity|DeleteUser|CreateUser|DeleteInstance|Rule\b))"
)
_FAMILY = re.compile(r"[/ (;,]")
_CONNECT = "connect.amazonaws.com"


class Caller(Struct, frozen=True, gc=False):
    """Who called, with the scopes whose evidence bears on it: principal, peer group, account."""

    actor: Actor
    group: str
    account: str
    service: bool
    scopes: tuple[int, int, int]


class Feature(Struct, frozen=True, gc=False):
    """One value in one dimension, with its keys."""

    dimension: str
    value: str
    feature: int
    total: int


def caller(actor: Actor, account: str, service: bool) -> Caller:
    """The scopes of *actor*. Its peers have the same role, or else the same kind of identity."""
    role, slash, _ = actor.principal.rpartition("/")
    shared = actor.kind in ("AssumedRole", "FederatedUser") and slash and not actor.connect_user
    group = role if shared else "Connect users" if actor.connect_user else actor.kind
    scopes = (
        key("principal", account, actor.principal),
        key("group", account, group),
        key("account", account),
    )
    return Caller(actor, group, account, service or actor.kind == "AWSService", scopes)


@lru_cache(maxsize=50_000)
def feature(dimension: str, value: str) -> Feature:
    """The feature with its keys, remembered."""
    return Feature(dimension, value, key(dimension, value), key("total", dimension))


ACTIVE = feature("active", "")
"""Touched by whatever somebody does: its hours are those in which they were seen."""


@lru_cache(maxsize=50_000)
def network(address: str) -> str:
    """The /24 or /48 of an address; a service's name as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    prefix = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, prefix), strict=False))


@lru_cache(maxsize=20_000)
def family(agent: str) -> str:
    """What a user agent is called without versions; every browser is one family."""
    if agent.startswith("Mozilla/"):
        return "a browser"
    return _FAMILY.split(agent.strip("[] "), maxsplit=1)[0].lower() or agent[:40].lower()


@lru_cache(maxsize=20_000)
def hour_of(stamp: str) -> int:
    """Hours since 1970 of the first 13 characters of an ISO time in UTC; 0 where it is none."""
    try:
        when = datetime.strptime(stamp, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError:
        return 0
    return int(when.timestamp()) // 3600


def hour_of_week(hour: int) -> str:
    """`mon 09`, in UTC: what is night for one office is day for another, and each has its own."""
    return f"{_DAYS[hour // 24 % 7]} {hour % 24:02}"


@lru_cache(maxsize=20_000)
def operation_class(name: str) -> str:
    """read, delete, sign-in or write."""
    if _SIGN_INS.match(name):
        return "sign-in"
    if _DELETES.match(name):
        return "delete"
    return "read" if _READS.match(name) else "write"


@lru_cache(maxsize=20_000)
def risk(source: str, name: str) -> float:
    """How much the surprise at an operation weighs: 0.5 for reading, 1 for changing, 1.4 for what
    gives power over a contact centre."""
    if source == _CONNECT and _RISKY.match(name) and operation_class(name) != "read":
        return 1.4
    if source == _CONNECT and name.startswith(("AdminGet", "GetFederationToken")):
        return 1.4
    return 0.5 if operation_class(name) == "read" else 1.0
