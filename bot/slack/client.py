"""Our calls to Slack's Web API, all of them. Every answer becomes a value or a fault."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError

from msgspec import Struct
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import default_retry_handlers

from bot.errors import Fault, Refused, Unavailable
from bot.model import Member
from bot.ports import Channel
from bot.slack import lint

METADATA_EVENT = "callwarden_send"
"""event_type of the metadata that carries a send's id, by which it is found again."""

DIALOG_SECONDS = 2
"""How long views.open may take; a trigger is good for three seconds anyway."""

RETRY_AFTER_MOST = 3600.0
"""Seconds of a Retry-After that we believe."""

HISTORY_PAGES = 5
HISTORY_PAGE = 200

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


class Posted(Struct, frozen=True):
    """Where a message stands."""

    channel: str
    ts: str


class Identity(Struct, frozen=True):
    """Who the token speaks for."""

    team: str
    user: str
    workspace: str
    bot: str = ""


class SlackClient:
    """Calls to one workspace.

    Raises Unavailable (`ambiguous` where the call may have been carried out all the same,
    `retry_after` in seconds where Slack named it) or Refused with Slack's code.
    """

    def __init__(self, token: str, base_url: str, *, timeout: int = 10) -> None:
        # Slack's own retries would post twice after a dropped connection: none for writes.
        self._writes = WebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])
        # A modal opens before the ack, which people wait for no longer than three seconds.
        self._dialogs = WebClient(
            token=token, base_url=base_url, timeout=min(timeout, DIALOG_SECONDS), retry_handlers=[]
        )
        self._reads = WebClient(
            token=token,
            base_url=base_url,
            timeout=timeout,
            retry_handlers=default_retry_handlers(),
        )

    # ── messages ────────────────────────────────────────────────────────────

    def post(
        self,
        channel: str,
        message: Mapping[str, Any],
        send_id: str,
        thread_ts: str = "",
        *,
        broadcast: bool = False,
    ) -> Posted:
        """chat.postMessage; the metadata names *send_id*. Where it is *broadcast*, the channel
        shows what is said in the thread too."""
        answer = self._call(
            self._writes,
            "chat.postMessage",
            channel=channel,
            **_body(message),
            metadata={"event_type": METADATA_EVENT, "event_payload": {"id": send_id}},
            unfurl_links=False,
            unfurl_media=False,
            **({"thread_ts": thread_ts} if thread_ts else {}),
            **({"reply_broadcast": True} if thread_ts and broadcast else {}),
        )
        return Posted(answer["channel"], answer["ts"])

    def edit(self, channel: str, ts: str, message: Mapping[str, Any]) -> Posted:
        """chat.update. Metadata is left as it is."""
        self._call(self._writes, "chat.update", channel=channel, ts=ts, **_body(message))
        return Posted(channel, ts)

    def whisper(self, channel: str, user: str, message: Mapping[str, Any]) -> None:
        """chat.postEphemeral: only *user* sees it, and only if they are there."""
        self._call(self._writes, "chat.postEphemeral", channel=channel, user=user, **_body(message))

    def open_dm(self, user: str) -> str:
        """The id of the direct conversation with *user*."""
        answer = self._call(self._reads, "conversations.open", users=user)
        channel: str = answer["channel"]["id"]
        return channel

    def find(self, channel: str, send_id: str, oldest: str, thread_ts: str = "") -> Posted | None:
        """The message that carries *send_id*, looking back to *oldest* (Slack ts), or None."""
        method = "conversations.replies" if thread_ts else "conversations.history"
        where = {"ts": thread_ts} if thread_ts else {}
        cursor = ""
        for _ in range(HISTORY_PAGES):
            answer = self._call(
                self._reads,
                method,
                channel=channel,
                oldest=oldest,
                limit=HISTORY_PAGE,
                include_all_metadata=True,
                **where,
                **({"cursor": cursor} if cursor else {}),
            )
            for message in answer["messages"]:
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("id") == send_id:
                    return Posted(channel, message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return None
        return None

    def channel(self, channel: str) -> Channel:
        """conversations.info (`ports.Rooms`)."""
        found = self._call(self._reads, "conversations.info", channel=channel)["channel"]
        # One that waits for the other workspace's yes is as good as shared.
        shared = ("is_shared", "is_ext_shared", "is_org_shared", "is_pending_ext_shared")
        return Channel(
            id=found["id"],
            name=found.get("name", ""),
            private=bool(found.get("is_private")),
            shared=any(found.get(one) for one in shared),
            archived=bool(found.get("is_archived")),
            member=bool(found.get("is_member")),
        )

    # ── modals ──────────────────────────────────────────────────────────────

    def open(self, trigger_id: str, view: dict[str, Any]) -> None:
        """views.open (`ports.Dialogs`)."""
        lint.report(f"The modal {view.get('callback_id')}", lambda: lint.lint_view(view))
        self._call(self._dialogs, "views.open", trigger_id=trigger_id, view=view)

    # ── people ──────────────────────────────────────────────────────────────

    def identity(self) -> Identity:
        """auth.test."""
        answer = self._call(self._reads, "auth.test")
        return Identity(
            answer["team_id"], answer["user_id"], answer.get("team", ""), answer.get("bot_id", "")
        )

    def member(self, user: str) -> Member:
        """users.info, without groups."""
        found = self._call(self._reads, "users.info", user=user)["user"]
        return Member(
            user=found["id"],
            team=found.get("team_id", ""),
            name=found.get("real_name") or found.get("name", ""),
            guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
            stranger=bool(found.get("is_stranger")),
            deleted=bool(found.get("deleted")),
            bot=bool(found.get("is_bot")),
        )

    def group_members(self, group: str) -> Sequence[str]:
        """usergroups.users.list: the user ids in *group*."""
        users: Sequence[str] = self._call(self._reads, "usergroups.users.list", usergroup=group)[
            "users"
        ]
        return users

    # ── the one call ────────────────────────────────────────────────────────

    def _call(self, client: WebClient, method: str, **arguments: Any) -> Mapping[str, Any]:
        try:
            answer = (
                client.api_call(method, json=arguments)
                if _as_json(method)
                else (client.api_call(method, params=arguments))
            )
        except SlackApiError as error:
            raise fault_of(method, error) from error
        except (URLError, OSError, http.client.HTTPException, SlackClientError) as error:
            raise _unreached(method, error) from error
        answered: Mapping[str, Any] = answer.data  # type: ignore[assignment]  # JSON object
        return answered


def _as_json(method: str) -> bool:
    """Writes take JSON; Slack's reading methods take form fields only."""
    return method.startswith("chat.") or method == "views.open"


def _body(message: Mapping[str, Any]) -> dict[str, Any]:
    return {key: message[key] for key in ("text", "blocks") if key in message}


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


def _unreached(method: str, error: Exception) -> Unavailable:
    reason: object = error.reason if isinstance(error, URLError) else error
    # Refused connections, unknown hosts and bad certificates: the request never left us.
    unsent = isinstance(reason, ConnectionRefusedError | ssl.SSLCertVerificationError) or (
        isinstance(reason, OSError) and type(reason).__name__ == "gaierror"
    )
    if isinstance(error, HTTPError):
        unsent = False
    what = type(reason).__name__ if isinstance(reason, Exception) else str(reason)
    return Unavailable(f"Slack did not answer {method} ({what}).", ambiguous=not unsent)
