"""What a caller may choose freely does not silence a rule."""

from __future__ import annotations

import copy

import pytest

from bot.detection import sigma
from bot.detection.document import Document
from bot.detection.rule import Rule

PACK = list(sigma.load())
EACH = pytest.mark.parametrize("rule", PACK, ids=lambda rule: rule.name)
AGENTS = (
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.0 (+https://www.terraform.io)",
    "cloudformation.amazonaws.com",
    "AWS Internal",
    "Mozilla/5.0",
)
IN_A_NAME = frozenset({"connect_sign_in_by_script", "secret_scanner_used"})
"""By what they are about: a script that signs in, or a scanner, says so or does not."""


def hits(rule: Rule) -> list[Document]:
    """The records of its tests that it must match."""
    return [copy.deepcopy(test.record) for test in rule.tests if test.match]


@EACH
def test_no_name_of_a_client_silences_a_rule(rule: Rule) -> None:
    """The user agent is the caller's own word."""
    silenced = [
        (agent, hit["eventName"])
        for hit in hits(rule)
        for agent in AGENTS
        if not rule.matches({**hit, "userAgent": agent})
    ]

    assert bool(silenced) is (rule.name in IN_A_NAME), silenced


@EACH
def test_the_case_of_a_parameters_first_letter_silences_none(rule: Rule) -> None:
    """Connect writes both, and no list says which."""
    for hit in hits(rule):
        assert rule.matches({**hit, "requestParameters": flipped(hit.get("requestParameters"))})


@EACH
def test_a_session_of_another_name_silences_none(rule: Rule) -> None:
    """Whoever takes a role chooses the session's name; only the website's sessions and those of
    machines are named by AWS."""
    for hit in hits(rule):
        who = hit.get("userIdentity")
        if not isinstance(who, dict) or ":assumed-role/" not in str(who.get("arn")):
            continue
        role, session = str(who["arn"]).rsplit("/", 1)
        if "AWSServiceRole" in role or session.startswith("i-"):
            continue
        renamed = {**who, "arn": f"{role}/callwarden-111122223333"}
        assert rule.matches({**hit, "userIdentity": renamed})


def flipped(value: object) -> object:
    """All keys with the other case of their first letter."""
    if isinstance(value, list):
        return [flipped(one) for one in value]
    if isinstance(value, dict):
        return {key[:1].swapcase() + key[1:]: flipped(one) for key, one in value.items()}
    return value
