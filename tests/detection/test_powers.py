"""Which far-reaching rights a policy gives, by whatever pattern it names them."""

from __future__ import annotations

import json
import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.detection.powers import powers


def given_by(*statements: object) -> list[str]:
    """The powers in a policy of these statements."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return powers({"requestParameters": {"policyDocument": policy}})


def may(actions: object, resource: object = "*", **more: object) -> dict[str, object]:
    """A statement that allows these actions."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (may("s3:GetObject"), []),
        (may("iam:Get*"), []),
        (may(["connect:List*", "connect:Describe*"]), []),
        (may("iam:PutRolePolicy"), ["identities"]),
        (may(["s3:GetObject", "IAM:attach*"], "arn:aws:iam::111122223333:role/x"), ["identities"]),
        (may("iam:?ut*"), ["identities"]),
        (may("connect:Admin*"), ["emergency access"]),
        (may("connect:*"), ["emergency access", "all of Connect"]),
        (may("sts:AssumeRole"), ["any role"]),
        (may("sts:AssumeRole", "arn:aws:iam::111122223333:role/x"), []),
        (may("sts:AssumeRole", ["arn:aws:iam::111122223333:role/x", "*"]), ["any role"]),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, []),
        ({"Effect": "Allow", "NotAction": ["iam:*", "sso:*", "connect:*", "sts:*"]}, []),
    ],
    ids=str,
)
def test_what_a_statement_gives(statement: object, expected: list[str]) -> None:
    """By its own pattern, whatever the case of its letters."""
    assert given_by(statement) == expected


@pytest.mark.parametrize(
    "statement",
    [may("*"), may("*:*"), may(["s3:GetObject", "?*"]), may("**"), {**may("x"), "NotAction": "x"}],
    ids=str,
)
def test_everything(statement: object) -> None:
    """However it is written."""
    assert "everything" in given_by(statement)


def test_a_policy_that_is_cut_off() -> None:
    """Nobody can say what it gives, so that is said."""
    cut = json.dumps({"Statement": [may("s3:GetObject")]})[:-3]

    assert powers({"requestParameters": {"policyDocument": cut}}) == ["unreadable"]


PATTERNS = st.text(st.sampled_from("iamputrolepolicy:*?P"), max_size=12)


@given(PATTERNS)
def test_a_pattern_reaches_what_it_fits(pattern: str) -> None:
    """As a slow and plain reading of wildcards says."""
    reached = fnmatchcase("iam:putrolepolicy", pattern.lower())

    assert not reached or "identities" in given_by(may(pattern))


@given(st.text(alphabet='{}[]":,ActionStme*\n'))
def test_no_text_breaks_it(text: str) -> None:
    """A string that is no policy gives nothing, or cannot be read."""
    assert set(powers({"requestParameters": {"a": "{" + text}})) <= {"unreadable"}


def test_many_stars_stay_fast() -> None:
    """A pattern cannot stop the rules."""
    begun = time.perf_counter()
    given_by(may("*a" * 2_000 + "b"))

    assert time.perf_counter() - begun < 1
