"""What of a record may be shown: secrets blanked in the raw form, an allow-list for Details."""

from __future__ import annotations

import json
import re
from typing import Any

from bot.model import Record

BLANK = "▇▇▇ blanked"

_SECRET_WORDS = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "privatekey",
    "samlassertion",
    "samlresponse",
    "authorization",
    "authcode",
    "apikey",
    "signinurl",
    "loginurl",
    "presignedurl",
    "cookie",
    "userdata",
)
_SECRET_KEYS = frozenset({"credentials", "pin", "otp", "assertion"})
# Which secret was read is what an investigator must know.
_NAMES_OF_SECRETS = frozenset({"secretid", "secretarn", "secretname", "secretversionid"})
_SHOWN_IN_CREDENTIALS = frozenset({"accesskeyid", "expiration"})
# Tokens that only page through results or make a call repeatable.
_HARMLESS = re.compile(r"(?:next|client|request|idempotency|pagination|continuation|change)token")
_DEEPEST = 60

# Whoever calls AWS chooses what stands in a record, so no pattern may look at a text again and
# again: each begins where a word begins, or has a bound, and takes time in proportion to it.
_SECRET_VALUE = re.compile(
    r"""
      -----BEGIN[ ][A-Z0-9 ]{0,40}PRIVATE[ ]KEY-----
      .*?(?:-----END[ ][A-Z0-9 ]{0,40}PRIVATE[ ]KEY-----|\Z)
    | (?<![A-Za-z0-9_-])ey[JK][A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*        # JWT
    | (?:IQoJ|FwoG|FQoG)[A-Za-z0-9/+=]{60,}                                    # AWS session token
    | (?<![A-Za-z0-9/+=])(?=[A-Za-z0-9/+]*[a-z])(?=[A-Za-z0-9/+]*[A-Z])(?=[A-Za-z0-9/+]*[0-9])
      [A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])                                      # AWS secret key
    | \b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{8,}                                 # Slack token
    | \b(?i:bearer|basic)[ ]+[A-Za-z0-9._~+/=-]{12,}
    | (?<=(?i:signature)=)[^&\s"']+
    | (?<=(?i:token)=)[^&\s"']+
    """,
    re.VERBOSE | re.DOTALL,
)
_SECRET_PAIR = re.compile(
    r"""((?i:password|passwd|secret|token|authorization|credential)\w{0,32}\\?["']?\s*[:=]\s*)"""
    r"""("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}&]+)"""
)


def blank(raw: bytes) -> dict[str, Any] | str:
    """The record *raw* with every secret replaced by `BLANK`.

    Secret is what stands under a telling key at any depth, also inside JSON held in a string, and
    what looks like a key, token or certificate anywhere. What is no JSON object comes back as
    text, blanked by looks alone.
    """
    text = raw.decode("utf-8", errors="replace")
    try:
        parsed = json.loads(text)
        cleaned = _walk(parsed, 0)
    except (ValueError, RecursionError):
        return _scrub(_SECRET_PAIR.sub(rf"\1{BLANK}", text))
    if isinstance(cleaned, dict):
        return cleaned
    return json.dumps(cleaned, ensure_ascii=False, indent=1)


def _walk(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return BLANK
    if isinstance(value, dict):
        return {key: _under(key, inner, depth) for key, inner in value.items()}
    if isinstance(value, list):
        return [_walk(inner, depth + 1) for inner in value]
    return _string(value, depth) if isinstance(value, str) else value


def _under(key: str, value: Any, depth: int) -> Any:
    bare = re.sub(r"[^a-z0-9]", "", key.lower())
    # A flag such as passwordResetRequired is no secret.
    if value is None or isinstance(value, bool) or not _is_secret(bare):
        return _walk(value, depth + 1)
    if bare == "credentials" and isinstance(value, dict):
        return {k: v if k.lower() in _SHOWN_IN_CREDENTIALS else BLANK for k, v in value.items()}
    return BLANK


def _is_secret(bare: str) -> bool:
    if bare in _NAMES_OF_SECRETS:
        return False
    if bare.endswith("token"):
        return not _HARMLESS.search(bare)
    return bare in _SECRET_KEYS or any(word in bare for word in _SECRET_WORDS)


def _string(text: str, depth: int) -> str:
    if text.lstrip()[:1] in {"{", "["}:
        try:
            parsed = json.loads(text)
        except ValueError:
            return _scrub(_SECRET_PAIR.sub(rf"\1{BLANK}", text))
        cleaned = _walk(parsed, depth + 1)
        return text if cleaned == parsed else json.dumps(cleaned, ensure_ascii=False)
    return _scrub(text)


def _scrub(text: str) -> str:
    return _SECRET_VALUE.sub(BLANK, text)


# ── the allow-list for Details ──────────────────────────────────────────────

_VALUE_SIZE = 2_000
"""Characters of a value that Details may show; it shows fewer."""

_PARAMETERS = (
    "instanceId",
    "userId",
    "username",
    "userName",
    "roleName",
    "policyArn",
    "policyName",
    "securityProfileId",
    "securityProfileIds",
    "securityProfileName",
    "routingProfileId",
    "hierarchyGroupId",
    "contactFlowId",
    "queueId",
    "phoneNumberId",
    "attributeType",
    "resourceType",
    "associationId",
    "storageType",
    "integrationType",
    "bucketName",
    "name",
    "trailName",
    "flowLogIds",
    "logGroupName",
)


def allowed_fields(record: Record) -> list[tuple[str, str]]:
    """(label, value) of what Details may show of *record*, in reading order; empty ones left out.

    Values still hold whatever the caller of AWS wrote: escape them.
    """
    outcome = "succeeded"
    if record.failed:
        outcome = f"refused: {record.error_code} {record.error_message}".strip()
    rows = [
        ("Event", record.name),
        ("Service", record.source),
        ("Outcome", outcome),
        ("Time", record.time),
        ("Who", record.actor.name),
        ("Kind of identity", record.actor.kind),
        ("Principal", record.actor.principal),
        ("Connect user", record.actor.connect_user or ""),
        ("Instance", record.instance),
        ("Target", record.target),
        *_parameters(record),
        ("Account", record.account),
        ("Region", record.region),
        ("Source address", record.source_ip),
        ("User agent", record.user_agent),
        ("Event id", record.id),
    ]
    return [(label, _scrub(value[:_VALUE_SIZE])) for label, value in rows if value]


def _parameters(record: Record) -> list[tuple[str, str]]:
    try:
        parsed = json.loads(record.raw.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return []
    given = parsed.get("requestParameters") if isinstance(parsed, dict) else None
    if not isinstance(given, dict):
        return []
    lower = {key.lower(): value for key, value in given.items()}
    rows = []
    for name in _PARAMETERS:
        value = lower.get(name.lower())
        if isinstance(value, list):
            value = ", ".join(_shown(item) for item in value[:10] if isinstance(item, str | int))
        if isinstance(value, str | int) and str(value):
            rows.append((name, _shown(value)))
    return list({name.lower(): (name, value) for name, value in rows}.values())


def _shown(value: str | int) -> str:
    """Only what is shown is looked through for secrets: people wait for it."""
    return _string(str(value)[:_VALUE_SIZE], 0)
