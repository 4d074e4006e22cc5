"""How far a policy statement's Condition narrows down whom it lets in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from msgspec import Struct

from bot.detection.accounts import account_in
from bot.detection.flat import flat, under, words

_OPERATORS = frozenset(
    {
        *("stringequals", "stringequalsignorecase", "stringlike"),
        *("arnequals", "arnlike", "ipaddress", "bool"),
    }
)
"""Those that only let in what they name. A negated one lets in all others; with IfExists or
ForAllValues a caller passes who does not bring the key at all."""

_ACCOUNTS = frozenset(
    {
        *("aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "aws:vpceaccount"),
        *("aws:principalarn", "aws:sourcearn", "kms:calleraccount"),
    }
)
_ORGANIZATIONS = frozenset(
    {
        *("aws:principalorgid", "aws:principalorgpaths", "aws:vpceorgid", "aws:vpceorgpaths"),
        *("aws:sourceorgid", "aws:sourceorgpaths"),
    }
)
_PLACES = frozenset(
    {"aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:userid"}
)
"""Keys that only AWS fills in, and of whose values nobody can tell whose they are. Keys that the
caller chooses (user agent, referer, external id, tags) narrow nothing down."""

_SHARED = ("token.actions.githubusercontent.com", "gitlab.com", "app.terraform.io")
"""Identity providers that serve everybody: a token's audience says nothing about whose it is."""

_ANY_CLAIM = re.compile(r"^[*?]+$|^[a-z_]+:\*")


class Narrowing(Struct, frozen=True):
    """*accounts*: the only ones let in, None where none are named. *sealed*: only AWS services
    pass. *providers*: identity providers whose tokens must say what a condition names."""

    accounts: frozenset[str] | None = None
    organizations: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    sealed: bool = False
    providers: tuple[str, ...] = ()

    def claims(self, provider: str) -> bool:
        """Whether not just anybody who has an account at *provider* may come in: a SAML provider
        knows its people, a web identity must be named by a condition."""
        name = provider.lower().rpartition(":oidc-provider/")[2]
        return ":saml-provider/" in name or name in self.providers


def narrowing(statement: object) -> Narrowing:
    """What the Condition of *statement* asks for."""
    accounts: frozenset[str] | None = None
    organizations: list[str] = []
    places: list[str] = []
    providers: list[str] = []
    sealed = False
    for key, values in _tests(statement):
        if key in _ACCOUNTS:
            owners = [account_in(one) for one in values]
            if all(owners):
                named = frozenset(owners)
                accounts = named if accounts is None else accounts & named
            elif key == "aws:sourcearn" and not any(map(_any_owner, values)):
                # A bucket's ARN names no account; only a service brings this key.
                sealed = True
        elif key in _ORGANIZATIONS:
            named_ones = [one.partition("/")[0] for one in values]
            if not any("*" in one or "?" in one for one in named_ones):
                organizations += named_ones
        elif key in _PLACES:
            if not any(map(_anywhere, values)):
                places += values
        elif key == "aws:principalisawsservice":
            sealed |= [one.lower() for one in values] == ["true"]
        elif provider := _claimed(key, values):
            providers.append(provider)
    return Narrowing(accounts, tuple(organizations), tuple(places), sealed, tuple(providers))


def _tests(statement: object) -> Iterator[tuple[str, list[str]]]:
    """Key (in lower case) → values of each test that only lets in what it names."""
    for condition in under(statement, "condition"):
        for operator, tests in condition.items() if isinstance(condition, dict) else ():
            if operator.lower().removeprefix("foranyvalue:") not in _OPERATORS:
                continue
            for one in flat(tests):
                for key, values in one.items() if isinstance(one, dict) else ():
                    if found := list(words(values)):
                        yield key.lower(), found


def _any_owner(arn: str) -> bool:
    """Whether any account's resource may have this ARN: `*`, `arn:aws:sns:*:*:topic`."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] == "s3":
        return len(parts) < 6
    return "*" in parts[4] or "?" in parts[4]


def _anywhere(place: str) -> bool:
    try:
        return ip_network(place, strict=False).prefixlen == 0
    except ValueError:
        return place.strip("*?:") == ""


def _claimed(key: str, values: list[str]) -> str:
    """The web identity provider whose people *key* picks out, "" where it picks out none."""
    provider, _, claim = key.rpartition(":")
    if "." not in provider or any(map(_ANY_CLAIM.match, values)):
        return ""
    if claim == "amr" or (claim == "aud" and provider in _SHARED):
        return ""
    return provider
