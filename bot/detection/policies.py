"""Whom the policies in a call's parameters let in, statement by statement."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

from msgspec import Struct

from bot.detection.accounts import account_in, is_strange, own_account
from bot.detection.conditions import Narrowing, narrowing
from bot.detection.document import Document, text
from bot.detection.flat import flat, under

_NESTED = 3
"""Documents within documents: a policy as a string in the parameters is one."""

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

_SPOKEN = re.compile(r"principal", re.IGNORECASE)
_SPOKEN_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_SPOKEN_ANYBODY = re.compile(r'(?is)"(?:aws|principal)"\s*:\s*\[?\s*"\*"')


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
    for policy in _policies(document.get("requestParameters")):
        if isinstance(policy, str):
            found.strange(_SPOKEN_ACCOUNT.findall(policy))
            found.public |= bool(_SPOKEN_ANYBODY.search(policy))
            continue
        for statement in under(policy, "statement"):
            if any(text(effect).lower() == "allow" for effect in under(statement, "effect")):
                _judge(statement, found)
    return Opened(tuple(found.strangers), tuple(found.organizations), found.public)


def _policies(parameters: object) -> Iterator[object]:
    """Every object with statements, and the text of each policy that cannot be read as one."""
    stack = [(parameters, _NESTED)]
    while stack:
        item, depth = stack.pop()
        if isinstance(item, list):
            stack.extend((one, depth) for one in item)
        elif isinstance(item, dict):
            if any(key.lower() == "statement" for key in item):
                yield item
            stack.extend((one, depth) for one in item.values())
        elif isinstance(item, str) and depth:
            written = _unescaped(item)
            if not written.startswith(("{", "[")):
                continue
            try:
                stack.append((json.loads(written, object_pairs_hook=_merged), depth - 1))
            except (ValueError, RecursionError):
                if _SPOKEN.search(written):
                    yield written


def _unescaped(written: str) -> str:
    """*written* without a URL's escapes, where the whole is escaped, and without white space."""
    written = written.strip().lstrip("\ufeff")
    return unquote(written).strip() if written[:3].lower() in ("%7b", "%5b") else written


def _merged(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which no key's first value hides behind its second."""
    merged: dict[str, object] = {}
    for key, value in pairs:
        merged[key] = [merged[key], value] if key in merged else value
    return merged


def _judge(statement: object, found: _Found) -> None:
    narrowed = narrowing(statement)
    if any(True for _ in under(statement, "notprincipal")):
        found.anybody(narrowed)
    for principal in under(statement, "principal"):
        if not isinstance(principal, dict):
            _named("aws", text(principal), statement, narrowed, found)
            continue
        for kind, names in principal.items():
            for name in flat(names):
                _named(kind.lower(), text(name), statement, narrowed, found)


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
    actions = [text(one).lower() for one in under(statement, "action")]
    return bool(actions) and _GIVING.issuperset(actions)
