"""Which far-reaching rights the policies in a call's parameters give, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from bot.detection.document import Document
from bot.detection.flat import under, words_under
from bot.detection.match import ANY, ONE, Glob, Wild, glob
from bot.detection.statements import allowing, policies

_EVERYTHING = ("iam:putuserpolicy", "s3:getobject", "connect:updateuser", "kms:decrypt")
"""Calls of services that have nothing in common: who may make all of them may make any."""

# fmt: off
_POWERS: Mapping[str, tuple[str, ...]] = {
    # Rights over other identities are rights over whatever these may do.
    "identities": (
        "iam:addusertogroup", "iam:attachgrouppolicy", "iam:attachrolepolicy",
        "iam:attachuserpolicy", "iam:createaccesskey", "iam:createloginprofile",
        "iam:createopenidconnectprovider", "iam:createpolicyversion", "iam:createsamlprovider",
        "iam:deleterolepermissionsboundary", "iam:deleteuserpermissionsboundary",
        "iam:putgrouppolicy", "iam:putrolepolicy", "iam:putuserpolicy",
        "iam:setdefaultpolicyversion", "iam:updateassumerolepolicy", "iam:updateloginprofile",
        "iam:updatesamlprovider", "sso:attachmanagedpolicytopermissionset",
        "sso:createaccountassignment", "sso:putinlinepolicytopermissionset",
    ),
    "emergency access": (
        "connect:admingetemergencyaccesstoken", "connect:getfederationtokens",
    ),
    "all of Connect": ("connect:deleteinstance", "connect:listusers"),
}
_ANYWHERE: Mapping[str, tuple[str, ...]] = {
    # Of one role that is ordinary; of every role it is the way to the strongest.
    "any role": ("iam:passrole", "sts:assumerole"),
}
# fmt: on
_WILD = re.compile(r"([*?])")


def powers(document: Document) -> list[str]:
    """`everything`, `identities`, `emergency access`, `all of Connect`, `any role`: what some
    statement gives. `unreadable` where a policy is cut off. Never raises; Deny is left out."""
    return list(dict.fromkeys(_powers(document)))


def _powers(document: Document) -> Iterator[str]:
    for policy in policies(document):
        if isinstance(policy, str):
            yield "unreadable"
            continue
        for statement in allowing(policy):
            yield from _given(statement)


def _given(statement: object) -> Iterator[str]:
    for may in _rights(statement):
        if all(map(may, _EVERYTHING)):
            yield "everything"
        yield from (name for name, calls in _POWERS.items() if _reaches(name, may, calls))
        if any(one == "*" for one in words_under(statement, "resource")) or any(
            True for _ in under(statement, "notresource")
        ):
            yield from (name for name, calls in _ANYWHERE.items() if any(map(may, calls)))


def _reaches(name: str, may: Callable[[str], bool], calls: tuple[str, ...]) -> bool:
    # Two calls that no narrower pattern than `connect:*` has in common; else one is enough.
    return (all if name == "all of Connect" else any)(map(may, calls))


def _rights(statement: object) -> Iterator[Callable[[str], bool]]:
    """What Action gives, and what NotAction leaves."""
    named = [_glob(one) for one in words_under(statement, "action")]
    if named:
        yield lambda call: any(fits(call) for fits in named)
    left_out = [_glob(one) for one in words_under(statement, "notaction")]
    if left_out:
        yield lambda call: not any(fits(call) for fits in left_out)


def _glob(pattern: str) -> Glob:
    parts = _WILD.split(pattern)
    return glob([Wild(part) if part in (ANY, ONE) else part for part in parts])
