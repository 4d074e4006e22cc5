"""A conversation and its messages, oldest first; reads cost what they return."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]


def micros(ts: str) -> int:
    """A Slack timestamp in microseconds. Raises ValueError where it is none."""
    whole, _, part = ts.partition(".")
    return int(whole or 0) * 1_000_000 + int(part[:6].ljust(6, "0") or 0)


@dataclass
class Conversation:
    """A channel or a direct message. Stored messages are replaced, never changed in place."""

    id: str
    name: str
    kind: Literal["channel", "group", "im"]
    created: int
    members: list[str]
    person: str = ""
    archived: bool = False
    _messages: dict[str, Json] = field(default_factory=dict)
    _top: list[int] = field(default_factory=list)
    _stamps: list[str] = field(default_factory=list)
    _threads: dict[str, list[str]] = field(default_factory=dict)

    def get(self, ts: str) -> Json | None:
        """The message at *ts*, as stored."""
        return self._messages.get(ts)

    def add(self, message: Json) -> list[str]:
        """Store a message newer than all others; returns the ts of every message it changed."""
        ts = message["ts"]
        self._messages[ts] = message
        parent = message.get("thread_ts")
        changed = [ts]
        if parent and parent != ts:
            self._threads.setdefault(parent, []).append(ts)
            changed.append(parent)
            self._recount(parent)
        if not parent or parent == ts or message.get("subtype") == "thread_broadcast":
            self._top.append(micros(ts))
            self._stamps.append(ts)
        return changed

    def replace(self, message: Json) -> None:
        """Put *message* in the place of the one with its ts."""
        self._messages[message["ts"]] = message

    def remove(self, ts: str) -> None:
        """Take a message out, and its thread's count down."""
        message = self._messages.pop(ts)
        place = bisect_left(self._top, micros(ts))
        if place < len(self._stamps) and self._stamps[place] == ts:
            del self._top[place], self._stamps[place]
        parent = message.get("thread_ts")
        if parent and ts in self._threads.get(parent, ()):
            self._threads[parent].remove(ts)
            self._recount(parent)

    def top(self, last: int | None = None) -> list[Json]:
        """Messages outside threads, oldest first; only the newest *last* where given."""
        stamps = self._stamps if last is None else self._stamps[-last:]
        return [self._messages[ts] for ts in stamps]

    def replies(self, parent: str) -> list[Json]:
        """The replies in a thread, oldest first, without the message it hangs on."""
        return [self._messages[ts] for ts in self._threads.get(parent, ())]

    def newest(
        self, *, oldest: str, latest: str, inclusive: bool, below: int | None
    ) -> Iterator[Json]:
        """Top-level messages between two timestamps, newest first, before *below* (cursor)."""
        left, right = (bisect_left, bisect_right) if inclusive else (bisect_right, bisect_left)
        first = left(self._top, micros(oldest)) if oldest else 0
        last = right(self._top, micros(latest)) if latest else len(self._top)
        if below is not None:
            last = min(last, bisect_left(self._top, below))
        for place in range(last - 1, first - 1, -1):
            yield self._messages[self._stamps[place]]

    def _recount(self, parent: str) -> None:
        head = self._messages.get(parent)
        if head is None:
            return
        replies = self.replies(parent)
        more: Json = {"thread_ts": parent, "reply_count": len(replies)}
        if replies:
            more["reply_users"] = sorted({reply["user"] for reply in replies})
            more["reply_users_count"] = len(more["reply_users"])
            more["latest_reply"] = replies[-1]["ts"]
        self._messages[parent] = head | more

    def described(self, team: str, bot: str, *, shared_out: bool = False) -> Json:
        """The conversation as conversations.info answers; *shared_out* by Slack Connect."""
        shared: Json = {
            "id": self.id,
            "created": self.created,
            "is_archived": self.archived,
            "is_im": self.kind == "im",
            "is_org_shared": False,
            "context_team_id": team,
        }
        if self.kind == "im":
            return shared | {"user": self.person, "is_open": True, "is_user_deleted": False}
        return shared | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_mpim": False,
            "is_private": self.kind == "group",
            "is_general": self.name == "general",
            "is_member": bot in self.members,
            "is_shared": shared_out,
            "is_ext_shared": shared_out,
            "is_pending_ext_shared": False,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }
