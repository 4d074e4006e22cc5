"""Whom the policies in a call's parameters let in, statement by statement."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from bot.detection.accounts import account_in, is_strange, own_account
from bot.detection.conditions import Narrowing, narrowing
from bot.detection.document import Document
from bot.detection.flat import under, words, words_under
from bot.detection.statements import allowing, policies

_ANYBODY = re.compile(r"^\*$|^arn:[^:]*:[^:]*:[^:]*:\*")
_FORMER = re.compile(r"^A[A-Z]{3}[A-Z0-9]{12,}$")
"""The id of a user or role of the own account that is gone: no foreign one can be written so."""

_GIVING = frozenset(
    {
        *("s3:putobject", "s3:getbucketacl", "sns:publish", "sqs:sendmessage"),
        *("kms:generatedatakey*", "kms:generatedatakey", "kms:describekey"),
        *("logs:createlogstream", "logs:putlogevents"),
    }
)
"""What a service needs to deliver into the account; it takes nothing out."""

_SPOKEN_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_SPOKEN_ANYBODY = re.compile(r'(?i)"(?:aws|principal)":\[?"\*"')


class Opened(Struct, frozen=True):
    """Who is let in from outside the own account.

    *strangers*: accounts, and principals, networks and endpoints of which nobody can tell whose
    they are. *organizations*: those whose members are let in without being named. *public*:
    anybody is.
    """

    strangers: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()
    public: bool = False


class _Found:
    """What is collected, each once and in order."""

    def __init__(self, own: str) -> None:
        self.own = own
        self.public = False
        self.strangers: dict[str, None] = {}
        self.organizations: dict[str, None] = {}

    def strange(self, names: Iterator[str] | list[str]) -> None:
        """Whichever of *names* is not known as harmless."""
        self.strangers.update(dict.fromkeys(one for one in names if is_strange(one, self.own)))

    def anybody(self, narrowed: Narrowing) -> None:
        """Anybody is let in, as far as the conditions go."""
        if narrowed.accounts is not None:
            self.strange(sorted(narrowed.accounts))
        elif narrowed.organizations:
            self.organizations.update(dict.fromkeys(narrowed.organizations))
        elif narrowed.sealed:
            return
        elif narrowed.places:
            self.strange(list(narrowed.places))
        else:
            self.public = True


def opened(document: Document) -> Opened:
    """Whom the policies in the parameters of *document* let in. Never raises.

    Each statement is judged alone; Deny is left out, for what it takes away is not worked out.
    Of a policy that is no JSON (cut off, or hidden in part) every foreign account counts.
    """
    found = _Found(own_account(document))
    for policy in policies(document):
        if isinstance(policy, str):
            found.strange(_SPOKEN_ACCOUNT.findall(policy))
            found.public |= bool(_SPOKEN_ANYBODY.search("".join(policy.split())))
            continue
        for statement in allowing(policy):
            _judge(statement, found)
    return Opened(tuple(found.strangers), tuple(found.organizations), found.public)


def _judge(statement: object, found: _Found) -> None:
    narrowed = narrowing(statement)
    if any(True for _ in under(statement, "notprincipal")):
        found.anybody(narrowed)
    for principal in under(statement, "principal"):
        if not isinstance(principal, dict):
            for name in words(principal):
                _named("aws", name, statement, narrowed, found)
            continue
        for kind, names in principal.items():
            for name in words(names):
                _named(kind.lower(), name, statement, narrowed, found)


def _named(kind: str, name: str, statement: object, narrowed: Narrowing, found: _Found) -> None:
    """One principal of one kind (`aws`, `service`, `federated`, `canonicaluser`)."""
    if kind == "service":
        if narrowed.accounts and not _only_gives(statement):
            found.strange(sorted(narrowed.accounts))
    elif kind == "federated":
        if account := account_in(name):
            found.strange([account])
        if not narrowed.claims(name):
            found.anybody(narrowed)
    elif _ANYBODY.match(name):
        found.anybody(narrowed)
    elif not (narrowed.sealed or _FORMER.match(name)):
        account = account_in(name) or name
        if narrowed.accounts is None or account in narrowed.accounts:
            found.strange([account])


def _only_gives(statement: object) -> bool:
    """Whether a service may only deliver."""
    actions = [one.lower() for one in words_under(statement, "action")]
    return bool(actions) and _GIVING.issuperset(actions)
