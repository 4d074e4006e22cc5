"""Who made a call, told apart from the services that act for them."""

from __future__ import annotations

import re

from bot.detection.document import Document, part, word
from bot.model import Actor

_CONNECT = "connect.amazonaws.com"
_SYNCHRONIZATION = "synchronization.connect.amazonaws.com"
_WEBSITE_ROLE = "AWSServiceRoleForAmazonConnect_"
_SYNCHRONIZATION_ROLE = "AWSServiceRoleForAmazonConnectSynchronization_"
_SERVICE_LINKED = ":role/aws-service-role/"
_SSO_ROLE = "AWSReservedSSO_"

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CHANGING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{20,}|\d{9,}")
_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}\Z")


def actor_of(document: Document) -> Actor:
    """The actor of a decoded record; all fields "" where nothing says who it was."""
    identity = part(document, "userIdentity")
    kind = word(identity, "type")
    if kind == "Root" and word(document, "sourceIPAddress") == _CONNECT:
        # Connect writes its own calls down as the root user's. Nobody used the root user.
        # The user agent proves nothing: whoever calls chooses it.
        return Actor(principal=_CONNECT, name=_CONNECT, kind="AWSService")
    if kind in ("AssumedRole", "FederatedUser"):
        return _session(identity, kind)
    return _plain(identity, kind)


def is_replay(document: Document) -> bool:
    """Global Resiliency repeated in this Region a change that was made in the other.

    The role's name alone proves nothing where AWS says that the role is not service-linked.
    """
    identity = part(document, "userIdentity")
    if _SYNCHRONIZATION in (word(identity, "invokedBy"), word(document, "sourceIPAddress")):
        return True
    named = part(part(identity, "sessionContext"), "sessionIssuer")
    if _SYNCHRONIZATION_ROLE not in word(identity, "arn") + word(named, "userName"):
        return False
    issuer, role, _ = _assumed(identity)
    return role.startswith(_SYNCHRONIZATION_ROLE) and _is_service_linked(issuer)


def _session(identity: dict[str, object], kind: str) -> Actor:
    issuer, role, session = _assumed(identity)
    if role.startswith(_WEBSITE_ROLE) and _UUID.fullmatch(session) and _is_service_linked(issuer):
        user = session.lower()
        return Actor(principal=user, name=f"Connect user {user}", kind=kind, connect_user=user)
    if not (issuer or role or session):
        return _plain(identity, kind)
    principal = f"{issuer or role}/{normalised(session)}" if session else issuer or role
    # A session's name is the caller's own choice, except where Identity Center sets it.
    name = session if role.startswith(_SSO_ROLE) or not role else f"{session} ({role})"
    return Actor(principal=principal, name=name if session else role, kind=kind)


def _assumed(identity: dict[str, object]) -> tuple[str, str, str]:
    """(issuer's ARN, role's name, session's name), each "" where it is not known."""
    issuer = part(part(identity, "sessionContext"), "sessionIssuer")
    arn = word(identity, "arn")
    tail = re.split(r"assumed-role/|federated-user/", arn, maxsplit=1)[1:]
    steps = tail[0].split("/", 1) if tail else []
    role = word(issuer, "userName") or (steps[0] if len(steps) > 1 else "")
    owner, _, after = word(identity, "principalId").partition(":")
    session = steps[1] if len(steps) > 1 else after
    issuer_arn = word(issuer, "arn")
    if not issuer_arn:
        # Without an issuer the ARN up to the session names the role, else its unique id does.
        issuer_arn = arn.removesuffix(f"/{session}") if tail else owner
    return issuer_arn, role, session


def _is_service_linked(issuer: str) -> bool:
    """Only AWS can make a role under this path. An STS ARN does not show the path."""
    return ":iam:" not in issuer or _SERVICE_LINKED in issuer


def normalised(session: str) -> str:
    """A session's name without what changes from one session to the next (times, random ids)."""
    lowered = session.strip().lower()
    if lowered.isdigit() or _INSTANCE.match(lowered):
        return lowered
    return _CHANGING.sub("*", lowered)


def _plain(identity: dict[str, object], kind: str) -> Actor:
    arn, user = word(identity, "arn"), word(identity, "userName")
    service, owner = word(identity, "invokedBy"), word(identity, "principalId")
    account = word(identity, "accountId")
    if kind == "AWSService" and service:
        return Actor(principal=service, name=service, kind=kind)
    if kind == "Root":
        named = f"the root user of {account}" if account else "a root user"
        return Actor(principal=arn or f"{account}:root", name=named, kind=kind)
    if kind == "SAMLUser":
        provider = word(identity, "identityProvider")
        return Actor(principal=f"saml/{provider}/{user or owner}", name=user or owner, kind=kind)
    behind = word(part(identity, "onBehalfOf"), "userId")
    principal = arn or behind or owner or (f"{account}:{user}" if user else service or account)
    name = user or arn.rpartition("/")[2] or service or principal
    return Actor(principal=principal, name=name, kind=kind)
