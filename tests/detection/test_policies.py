"""Whom a policy lets in: told for each statement, however it is written."""

from __future__ import annotations

import json
import time
from typing import cast
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detection import derived
from bot.detection.policies import Opened, opened

OWN = "111122223333"
OTHER = "444455556666"
ORG = "o-a1b2c3d4e5"
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3),
        st.dictionaries(
            st.sampled_from(
                (
                    *("Statement", "Effect", "Principal", "NotPrincipal", "Condition", "AWS"),
                    *("Service", "Federated", "StringEquals", "aws:PrincipalArn", "Action"),
                )
            ),
            inside,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


def told(parameters: object) -> Opened:
    """Whom these parameters let into the account."""
    return opened({"recipientAccountId": OWN, "requestParameters": parameters})


def allowing(principal: object, **more: object) -> dict[str, object]:
    """A statement that lets somebody in."""
    return {"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*", **more}


def of(*statements: object) -> Opened:
    """Whom a policy of these statements lets in."""
    return told({"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})})


def given_if(condition: object, principal: object = "*") -> Opened:
    """Whom a statement with this Condition lets in."""
    return of(allowing(principal, Condition=condition))


@given(JSON)
def test_nothing_breaks_it(parameters: object) -> None:
    """Whatever JSON the parameters hold, as objects, as a string, or as a string in a URL."""
    written = json.dumps(parameters)
    told({"policy": {"Statement": parameters}, "other": parameters})

    assert told({"policy": written}) == told({"policy": quote(written)}) == told([written])


@given(st.text(alphabet='{}[]":,PrincpalStme%7B0123456789*\n'))
def test_nor_does_any_text(text: str) -> None:
    """A string that is no JSON is no fault."""
    assert isinstance(told({"policy": text}), Opened)
    assert isinstance(told("{" + text), Opened)


OWNERS = st.sampled_from(
    [
        f"arn:aws:iam::{OWN}:root",
        OWN,
        f"arn:aws:sts::{OWN}:assumed-role/deploy/x",
        f"arn:aws:iam::{OWN}:user/{OTHER}",
        "AROAEXAMPLE0000000001",
    ]
)
STRANGERS = st.sampled_from(
    [
        f"arn:aws:iam::{OTHER}:root",
        OTHER,
        f"arn:aws:iam::{OTHER}:role/{OWN}",
        f"arn:aws-us-gov:sts::{OTHER}:assumed-role/x/{OWN}",
    ]
)
WAYS = st.sampled_from(["object", "text", "spaced", "escaped", "lowered"])


def written(policy: dict[str, object], way: str) -> object:
    """The policy as one of AWS's calls carries it."""
    text = json.dumps(policy, indent=2 if way == "spaced" else None)
    if way == "lowered":
        return text.replace("Statement", "statement").replace("Principal", "principal")
    return {"object": policy, "escaped": quote(text)}.get(way, text)


@given(st.lists(OWNERS, max_size=3), STRANGERS, st.booleans(), st.data(), WAYS)
def test_a_stranger_cannot_hide_behind_the_own_account(
    own: list[str],
    stranger: str,
    together: bool,
    data: st.DataObject,
    way: str,
) -> None:
    """Beside it in a list, or in a statement of its own, anywhere: it is found, and is all."""
    names = [*own, stranger]
    if together:
        principals: list[object] = [names]
    else:
        principals = data.draw(st.permutations([*own, stranger]))
    statements: list[object] = [allowing({"AWS": one}) for one in principals]
    policy = {"Statement": statements if len(statements) > 1 else statements[0]}

    assert told({"a": {"policy": written(policy, way)}}) == Opened(strangers=(OTHER,))


@given(st.lists(OWNERS), WAYS)
def test_the_own_account_is_no_stranger(own: list[str], way: str) -> None:
    """Nobody from outside is let in."""
    assert told({"policy": written({"Statement": allowing({"AWS": own})}, way)}) == Opened()


def test_depth_and_length_are_no_trap() -> None:
    """A policy that AWS would refuse is read as far as it goes, and quickly."""
    deep: object = "*"
    for _ in range(700):
        deep = {"AWS": deep}
    begun = time.perf_counter()

    assert of(allowing({"AWS": deep}), allowing({"AWS": OTHER})).strangers == (OTHER,)
    assert told({"policy": '{"Principal": {"AWS":' + " " * 500_000 + "[x"}) == Opened()
    assert time.perf_counter() - begun < 2


def test_deny_lets_nobody_in() -> None:
    """A denial for all, beside services that may come."""
    denial = {"Effect": "Deny", "Principal": "*", "Action": "*"}

    assert of(denial, allowing({"Service": "lambda.amazonaws.com"})) == Opened()


@pytest.mark.parametrize(
    "statement",
    [
        allowing("*"),
        allowing({"AWS": "*"}),
        allowing({"AWS": [f"arn:aws:iam::{OWN}:root", "*"]}),
        {"Effect": "Allow", "NotPrincipal": {"AWS": f"arn:aws:iam::{OWN}:user/x"}, "Action": "*"},
        allowing({"Federated": "cognito-identity.amazonaws.com"}),
        allowing("*", Condition={"StringEquals": {"sts:ExternalId": "x"}}),
        allowing("*", Condition={"StringLike": {"aws:Referer": "https://example.com/*"}}),
        allowing("*", Condition={"StringNotEquals": {"aws:PrincipalAccount": OTHER}}),
        allowing("*", Condition={"StringEqualsIfExists": {"aws:PrincipalAccount": OWN}}),
        allowing("*", Condition={"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ORG}}),
        allowing("*", Condition={"StringLike": {"aws:PrincipalAccount": "*"}}),
        allowing("*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
        allowing("*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}),
        allowing("*", Condition={"ArnLike": {"aws:SourceArn": "*"}}),
        allowing("*", Condition={"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "0.0.0.0/0"]}}),
        allowing("*", Condition={"StringEquals": {"kms:CallerAccount": [OWN, "*"]}}),
    ],
    ids=str,
)
def test_anybody(statement: object) -> None:
    """Let in, also where a condition only looks like one that keeps people out."""
    assert of(statement).public


def test_conditions_that_name_accounts() -> None:
    """They tell who is let in of all: the own account, or a stranger."""
    assert given_if({"StringEquals": {"kms:CallerAccount": OWN}}) == Opened()
    assert given_if({"ArnLike": {"AWS:SourceArn": f"arn:aws:sns:eu-west-1:{OWN}:*"}}) == Opened()
    assert given_if({"ForAnyValue:StringEquals": {"aws:PrincipalAccount": [OWN]}}) == Opened()
    assert given_if({"StringEquals": {"aws:SourceAccount": [OWN, OTHER]}}).strangers == (OTHER,)
    both = {"aws:PrincipalAccount": OWN, "aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/x"}
    assert given_if({"StringEquals": both}, {"AWS": OTHER}) == Opened()


def test_services_that_bring_their_bucket() -> None:
    """A bucket's ARN names no account, but only a service brings one; an external id is a word."""
    assert given_if({"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::recordings"}}) == Opened()
    assert given_if({"Bool": {"aws:PrincipalIsAWSService": "true"}}) == Opened()
    assert given_if({"StringEquals": {"sts:ExternalId": "x"}}, {"AWS": OTHER}).strangers == (OTHER,)


def test_organizations_and_places() -> None:
    """Whose they are nobody can tell, so each has its name."""
    assert given_if({"StringEquals": {"aws:PrincipalOrgID": ORG}}) == Opened(organizations=(ORG,))
    assert given_if({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORG}/r-ab12/*"}}) == (
        Opened(organizations=(ORG,))
    )
    assert given_if({"StringEquals": {"aws:SourceVpce": "vpce-1"}}).strangers == ("vpce-1",)
    half = {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}}
    assert given_if(half).strangers == ("0.0.0.0/1", "128.0.0.0/1")


def test_a_service_of_a_stranger() -> None:
    """Another account's distribution may read; another account's trail may only deliver."""
    theirs = {"StringEquals": {"AWS:SourceArn": f"arn:aws:cloudfront::{OTHER}:distribution/E1"}}
    service = {"Service": "cloudfront.amazonaws.com"}

    assert given_if(theirs, service).strangers == (OTHER,)
    assert of(allowing(service, Condition=theirs, Action="s3:PutObject")) == Opened()


def test_web_identities() -> None:
    """A provider that serves everybody needs a condition on whose token it is."""
    github = f"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com"
    name = "token.actions.githubusercontent.com"
    audience = {"StringEquals": {f"{name}:aud": "sts.amazonaws.com"}}
    who = {"Federated": github}

    assert given_if(audience, who).public
    assert given_if({"StringLike": {f"{name}:sub": "repo:*"}}, who).public
    assert not given_if({"StringLike": {f"{name}:sub": "repo:example/app:*"}}, who).public
    pool = {"StringEquals": {"cognito-identity.amazonaws.com:aud": "eu-central-1:1"}}
    assert given_if(pool, {"Federated": "cognito-identity.amazonaws.com"}) == Opened()
    assert of(allowing({"Federated": f"arn:aws:iam::{OWN}:saml-provider/IdP"})) == Opened()


def test_keys_that_stand_twice() -> None:
    """The second of two does not hide the first."""
    twice = f'{{"AWS": "{OTHER}", "AWS": "{OWN}"}}'
    policy = f'{{"Statement": [{{"Effect": "Allow", "Principal": {twice}, "Action": "*"}}]}}'

    assert told({"policy": policy}).strangers == (OTHER,)


def test_a_policy_that_is_cut_off() -> None:
    """Every foreign account in it counts; a text that is no policy does not."""
    cut = json.dumps({"Statement": [allowing({"AWS": [OWN, OTHER]}), allowing("*")]})[:-20]

    assert told({"policy": cut}) == Opened(strangers=(OTHER,), public=True)
    assert told({"description": f"{{{OTHER}"}) == Opened()


def test_canonical_users_and_old_distributions() -> None:
    """Whose they are a policy does not say."""
    old = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"

    assert of(allowing({"CanonicalUser": "ab" * 32})).strangers == ("ab" * 32,)
    assert of(allowing({"AWS": old})).strangers == (old,)


@pytest.mark.parametrize(
    ("name", "is_foreign"),
    [
        (f"arn:aws:lambda:eu-central-1:{OTHER}:function:{OWN}", True),
        (f"arn%3Aaws%3Alambda%3Aeu-central-1%3A{OTHER}%3Afunction%3Ax", True),
        (f"{OTHER}:function:lookup", True),
        (OTHER, True),
        (f"arn:aws:lambda:eu-central-1:{OWN}:function:{OTHER}", False),
        (OWN, False),
        ("arn:aws:lambda:eu-central-1:580247275435:layer:LambdaInsightsExtension:38", False),
        ("lookup", False),
        ("arn:aws:s3:::recordings", False),
    ],
)
def test_what_belongs_to_others(name: str, is_foreign: bool) -> None:
    """The account in its own place counts; in a name it is a name."""
    read = derived.reader("callwarden.foreign.requestParameters.names")
    document: dict[str, object] = {
        "recipientAccountId": OWN,
        "requestParameters": {"names": [OWN, name]},
    }

    assert list(read(document)) == [name] * is_foreign


PORT = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 443}
ALL_V4: dict[str, object] = {"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({**PORT, "cidrIp": "0.0.0.0/0"}, ["tcp/22-443"]),
        ({"ipPermissions": {"items": [{**PORT, **ALL_V4}]}}, ["tcp/22-443"]),
        ({"ipPermissions": {"items": [{"ipProtocol": "-1", **ALL_V4}]}}, ["all"]),
        ({"ipPermissions": {"items": [{"ipProtocol": 6, **ALL_V4}]}}, ["tcp/0-65535"]),
        ({"ipPermissions": {"items": [{**PORT, "fromPort": -1, **ALL_V4}]}}, ["tcp/0-65535"]),
        (
            {"ipPermissions": {"items": [{**PORT, "ipv6Ranges": {"items": {"cidrIpv6": "::/0"}}}]}},
            ["tcp/22-443"],
        ),
        (
            {"R": {"SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389}}},
            [],
        ),
        (
            {"R": {"Rule": {"IpProtocol": "udp", "FromPort": 1, "ToPort": 2, "CidrIpv4": "0/0"}}},
            [],
        ),
        ({**PORT, "cidrIp": "128.0.0.0/1"}, ["tcp/22-443"]),
        ({**PORT, "cidrIp": "10.0.0.0/8"}, []),
        ({**PORT, "cidrIp": "198.51.100.0/24"}, []),
        (
            {**PORT, "ipPermissions": {"items": [{"ipProtocol": "icmp", **ALL_V4}]}},
            ["icmp"],
        ),
        (None, []),
    ],
)
def test_ports_opened_to_everybody(parameters: object, expected: list[str]) -> None:
    """Each rule of the group by its own ports and networks."""
    read = derived.reader("callwarden.open_ports")

    assert list(read({"requestParameters": parameters})) == expected


def test_ports_that_are_no_websites() -> None:
    """A range that holds one is more than a website."""
    read = derived.reader("callwarden.open_ports.other")
    rules = [("tcp", 443, 443), ("6", 80, 80), ("tcp", 80, 443), ("icmp", 8, 0), ("-1", None, None)]
    items = [
        {"ipProtocol": protocol, "fromPort": first, "toPort": last, **ALL_V4}
        for protocol, first, last in rules
    ]

    assert set(read({"requestParameters": {"items": items}})) == {"all", "tcp/80-443"}


@given(JSON)
def test_any_parameters_have_ports_or_none(parameters: object) -> None:
    """Whatever stands there, it is read."""
    read = derived.reader("callwarden.open_ports")

    assert read({"requestParameters": cast("object", {"fromPort": parameters})}) == []
