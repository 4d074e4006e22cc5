"""Our calls to Slack's Web API, all of them. Every answer becomes a value or a fault."""

from __future__ import annotations

import http.client
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.error import URLError

from msgspec import Struct
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import default_retry_handlers

from bot.errors import Refused
from bot.model import Member
from bot.ports import Channel, Opened
from bot.slack import lint
from bot.slack.client.faults import fault_of, unreached

METADATA_EVENT = "callwarden_send"
"""event_type of the metadata that carries a send's id, by which it is found again."""

DIALOG_SECONDS = 2
"""How long views.open may take; a trigger is good for three seconds anyway."""

HISTORY_PAGES = 5
HISTORY_PAGE = 200


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

    def open(self, trigger_id: str, view: dict[str, Any]) -> Opened:
        """views.open (`ports.Dialogs`)."""
        lint.report(f"The modal {view.get('callback_id')}", lambda: lint.lint_view(view))
        answer = self._call(self._dialogs, "views.open", trigger_id=trigger_id, view=view)
        shown = answer.get("view") or {}
        return Opened(id=shown.get("id", ""), hash=shown.get("hash", ""))

    def redraw(self, opened: Opened, view: dict[str, Any]) -> None:
        """views.update, of the modal as it was opened and no other: Slack refuses it as not_found
        where it is closed, as hash_conflict where it has changed since."""
        lint.report(f"The modal {view.get('callback_id')}", lambda: lint.lint_view(view))
        self._call(self._writes, "views.update", view_id=opened.id, hash=opened.hash, view=view)

    # ── files ───────────────────────────────────────────────────────────────

    def upload(self, name: str, content: bytes, begun: Callable[[str], None]) -> str:
        """Make *content* a file that nobody but us can see; returns its id.

        *begun* is told the id before anything is sent. Slack takes the file in after it has
        answered: for some moments a block that names it is still refused.
        """
        place = self._call(
            self._writes, "files.getUploadURLExternal", filename=name, length=len(content)
        )
        file: str = place["file_id"]
        begun(file)
        self._send(str(place["upload_url"]), content)
        files = [{"id": file, "title": name}]
        # Without a channel it stays private.
        self._call(self._writes, "files.completeUploadExternal", files=files)
        return file

    def delete(self, file: str) -> None:
        """files.delete."""
        self._call(self._writes, "files.delete", file=file)

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
            zone=found.get("tz") or "",
        )

    def group_members(self, group: str) -> Sequence[str]:
        """usergroups.users.list: the user ids in *group*."""
        users: Sequence[str] = self._call(self._reads, "usergroups.users.list", usergroup=group)[
            "users"
        ]
        return users

    # ── the one call ────────────────────────────────────────────────────────

    def _send(self, url: str, content: bytes) -> None:
        """The bytes of a file, to where Slack said; the URL itself is the permission."""
        method = "files.getUploadURLExternal"
        if not url.startswith(("https://", "http://127.0.0.1:")):
            raise Refused(method, "upload_url", "Slack named no place for the file.")
        request = urllib.request.Request(url, content, method="POST")  # noqa: S310 - checked above
        # It is no form, which is what urllib takes bytes for.
        request.add_header("Content-Type", "application/octet-stream")
        try:
            with urllib.request.urlopen(request, timeout=self._writes.timeout):  # noqa: S310 - likewise
                pass
        except (URLError, OSError, http.client.HTTPException) as error:
            raise unreached("the upload of a file", error) from error

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
            raise unreached(method, error) from error
        answered: Mapping[str, Any] = answer.data  # type: ignore[assignment]  # JSON object
        return answered


def _as_json(method: str) -> bool:
    """Writes take JSON; Slack's reading methods take form fields only."""
    return method.startswith(("chat.", "views.")) or method in _WRITES_OF_FILES


_WRITES_OF_FILES = {"files.completeUploadExternal", "files.delete"}


def _body(message: Mapping[str, Any]) -> dict[str, Any]:
    return {key: message[key] for key in ("text", "blocks") if key in message}
