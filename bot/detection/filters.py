"""An exception as a standard Sigma filter, for use wherever the same rules run."""

from __future__ import annotations

import re
import uuid
from ipaddress import ip_network

from bot.model import NAMESPACE, Actor, Aspect, Clause, Exemption

Selection = dict[str, object]

_CONNECT = "connect.amazonaws.com"
_IDENTITY = "userIdentity"
_ISSUER = "userIdentity.sessionContext.sessionIssuer.arn"
_FIELDS = {Aspect.NAME: "eventName", Aspect.ACCOUNT: "recipientAccountId"}
_CHANGING = (
    "(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{20,}|[0-9]{9,})"  # as in actor.py
)


def as_sigma(exemption: Exemption) -> str:
    """*exemption* as a Sigma filter in YAML. Raises ValueError where its actor fits into none."""
    import yaml

    selections = selected(exemption.actor, exemption.conditions)
    if not selections:
        raise ValueError(f"{exemption.actor.kind} cannot be told by the fields of a record")
    document = {
        "title": f"Expected: {exemption.rule} ({exemption.id})",
        "id": str(uuid.uuid5(NAMESPACE, f"exemption\n{exemption.id}")),
        "description": f"{exemption.reason} For {exemption.days} days.",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "filter": {
            "rules": [exemption.rule],
            "selection": selections[0] if len(selections) == 1 else selections,
            "condition": "not selection",
        },
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=90)
    return text


def tells(actor: Actor) -> bool:
    """Whether *actor* is told for certain from all others by the fields of a record: not where
    none is named, nor where it is we who speak."""
    return bool(actor.principal and _identities(actor))


def selected(actor: Actor, conditions: tuple[Clause, ...]) -> list[Selection]:
    """What a record must show: all of one of these; none where no fields tell the actor."""
    others: Selection = {}
    for condition in conditions:
        if condition.aspect is not Aspect.ACTOR:
            others |= _fields(condition)
    return [identity | others for identity in _identities(actor)]


def _fields(condition: Clause) -> Selection:
    value = condition.value
    if condition.aspect is Aspect.NETWORK:
        if _is_network(value):
            return {"sourceIPAddress|cidr": value}
        return {"sourceIPAddress|cased": _literal(value)}
    if condition.aspect is Aspect.TARGET:
        # A record may name it by its ARN, of which we compare the last part.
        text = _literal(value)
        return {f"{condition.field}|cased": [text, f"arn:*/{text}", f"arn:*:{text}"]}
    return {f"{_FIELDS[condition.aspect]}|cased": _literal(value)}


def _identities(actor: Actor) -> list[Selection]:
    """Each way in which CloudTrail names *actor*."""
    principal = actor.principal
    if actor.connect_user:
        return [
            {
                f"{_ISSUER}|contains": ":role/aws-service-role/",
                f"{_IDENTITY}.arn|re|i": f"/AWSServiceRoleForAmazonConnect_[^/]+/{principal}$",
            }
        ]
    if actor.kind in ("AssumedRole", "FederatedUser"):
        return _sessions(principal)
    if actor.kind == "AWSService":
        named: Selection = {
            f"{_IDENTITY}.type": "AWSService",
            f"{_IDENTITY}.invokedBy|cased": _literal(principal),
        }
        # Connect writes some of its own calls down as the root user's.
        root: Selection = {f"{_IDENTITY}.type": "Root", "sourceIPAddress": _CONNECT}
        return [named, root] if principal == _CONNECT else [named]
    if principal.startswith("arn:"):
        return [{f"{_IDENTITY}.arn|cased": _literal(principal)}]
    return []


def _sessions(principal: str) -> list[Selection]:
    """A role's sessions of one name; what changes from one to the next is `*` in *principal*."""
    issuer, _, session = principal.rpartition("/")
    if not issuer.startswith("arn:") or not session:
        return []
    pattern = _CHANGING.join(re.escape(part) for part in session.split("*"))
    if ":iam:" in issuer:
        return [
            {
                f"{_ISSUER}|cased": _literal(issuer),
                f"{_IDENTITY}.arn|re|i": f"/{pattern}$",
            }
        ]
    return [{f"{_IDENTITY}.arn|re|i": f"^{re.escape(issuer)}/{pattern}$"}]


def _literal(value: str) -> str:
    """*value* with nothing in it that Sigma reads as a wildcard."""
    return re.sub(r"([\\*?])", r"\\\1", value)


def _is_network(value: str) -> bool:
    try:
        ip_network(value)
    except ValueError:
        return False
    return True
