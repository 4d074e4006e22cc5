"""What an answer of Slack's that is no answer comes to: Unavailable or Refused."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError

from slack_sdk.errors import SlackApiError

from bot.errors import Fault, Refused, Unavailable

RETRY_AFTER_MOST = 3600.0
"""Seconds of a Retry-After that we believe."""

_PASSING = frozenset(
    {
        "fatal_error",
        "internal_error",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
        "external_channel_migrating",
    }
)
"""Codes that pass by themselves; the call may all the same have been carried out."""

TOKEN_CODES = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_expired",
        "token_revoked",
        "org_login_required",
        "team_access_not_granted",
    }
)
"""Codes that say the token itself is no good: nothing can be sent until it is replaced."""


_CODE = re.compile(r"[a-z0-9_]+\Z")


def fault_of(method: str, error: SlackApiError) -> Fault:
    """What Slack's answer to *method* comes to: Unavailable or Refused."""
    response: Any = error.response
    status = getattr(response, "status_code", 200)
    answered = getattr(response, "data", None)
    data: dict[str, Any] = answered if isinstance(answered, dict) else {}
    # Where a proxy answered in Slack's place, slack_sdk puts its page where the code belongs.
    code = data.get("error", "") if _CODE.match(str(data.get("error", ""))) else ""
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        headers = {name.lower(): value for name, value in dict(response.headers).items()}
        return Unavailable(
            f"Slack asks us to slow down ({method}).",
            retry_after=_seconds(headers.get("retry-after")),
        )
    if status >= 500 or code in _PASSING or not code:
        return Unavailable(
            f"Slack could not answer {method} ({code or f'HTTP {status}'}).", ambiguous=True
        )
    detail = _detail(data)
    return Refused(method, code, f"Slack refused {method}: {code}{detail}.")


def _detail(data: Mapping[str, Any]) -> str:
    """What Slack adds to a refusal: the scope it wants, or the block it dislikes."""
    if data.get("needed"):
        return f" (needs the scope {data['needed']})"
    messages = (data.get("response_metadata") or {}).get("messages") or []
    return f" ({'; '.join(str(message) for message in messages)[:300]})" if messages else ""


def _seconds(value: Any) -> float:
    """Retry-After; urllib gives a string, slack_sdk sometimes a list of one."""
    first = value[0] if isinstance(value, list) and value else value
    try:
        return min(max(float(first), 0.5), RETRY_AFTER_MOST)
    except (TypeError, ValueError):
        return 30.0


def unreached(method: str, error: Exception) -> Unavailable:
    reason: object = error.reason if isinstance(error, URLError) else error
    # Refused connections, unknown hosts and bad certificates: the request never left us.
    unsent = isinstance(reason, ConnectionRefusedError | ssl.SSLCertVerificationError) or (
        isinstance(reason, OSError) and type(reason).__name__ == "gaierror"
    )
    if isinstance(error, HTTPError):
        unsent = False
    what = type(reason).__name__ if isinstance(reason, Exception) else str(reason)
    return Unavailable(f"Slack did not answer {method} ({what}).", ambiguous=not unsent)
