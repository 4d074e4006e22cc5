"""conversations.*: open, look up, list, and read what was said."""

from __future__ import annotations

import base64
import binascii
from itertools import islice
from typing import TypeVar

from bot.demo.slack.conversations import Conversation, micros
from bot.demo.slack.faults import SlackError
from bot.demo.slack.methods.ask import Ask, Json, Method

MOST = 1000
T = TypeVar("T")


def history(ask: Ask) -> Json:
    """Messages outside threads, newest first."""
    channel = _readable(ask)
    limit = _limit(ask)
    below = _cursor(ask)
    found = channel.newest(
        oldest=_bound(ask, "oldest"),
        latest=_bound(ask, "latest"),
        inclusive=ask.flag("inclusive"),
        below=below,
    )
    page = list(islice(found, limit + 1))
    more, page = len(page) > limit, page[:limit]
    return {
        "messages": [_shown(ask, message) for message in page],
        "has_more": more,
        "pin_count": 0,
        "response_metadata": {"next_cursor": _next(page[-1]["ts"]) if more else ""},
    }


def replies(ask: Ask) -> Json:
    """A message and the replies in its thread, oldest first."""
    channel = _readable(ask)
    parent = channel.get(ask.text("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    limit, after = _limit(ask), _cursor(ask)
    oldest, latest = _bound(ask, "oldest"), _bound(ask, "latest")
    inclusive = ask.flag("inclusive")
    found = [
        message
        for message in channel.replies(parent["ts"])
        if _within(message["ts"], oldest, latest, inclusive)
        and (after is None or micros(message["ts"]) > after)
    ]
    more = len(found) > limit
    page = [parent, *found[:limit]] if after is None else found[:limit]
    return {
        "messages": [_shown(ask, message) for message in page],
        "has_more": more,
        "response_metadata": {"next_cursor": _next(page[-1]["ts"]) if more else ""},
    }


def open_direct(ask: Ask) -> Json:
    """Open the direct message with one person."""
    users = [user for user in ask.text("users").split(",") if user]
    if len(users) != 1:
        raise SlackError("users_list_not_supplied" if not users else "not_enough_users")
    channel = ask.workspace.direct(users[0])
    return {"channel": {"id": channel.id}, "no_op": True, "already_open": True}


def look_up(ask: Ask) -> Json:
    """One conversation."""
    channel = ask.channel()
    ask.need(_scope(channel, "read"))
    return {"channel": ask.workspace.described(channel)}


def list_all(ask: Ask) -> Json:
    """Conversations by type, page by page."""
    kinds = {
        "public_channel": "channel",
        "private_channel": "group",
        "im": "im",
        "mpim": "mpim",
    }
    wanted = [kinds[one] for one in (ask.text("types") or "public_channel").split(",")]
    for kind in wanted:
        ask.need({"channel": "channels:read", "group": "groups:read"}.get(kind, f"{kind}:read"))
    ws = ask.workspace
    found = [
        ws.described(one)
        for one in ws.conversations.values()
        if one.kind in wanted
        and not (one.archived and ask.flag("exclude_archived"))
        and not (one.kind == "group" and ws.bot_user not in one.members)
    ]
    page, cursor = paged(ask, found)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def members(ask: Ask) -> Json:
    """The user ids in a conversation."""
    channel = ask.channel()
    ask.need(_scope(channel, "read"))
    page, cursor = paged(ask, channel.members)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def paged(ask: Ask, items: list[T]) -> tuple[list[T], str]:
    """A page of *items* by place, and the cursor of the next."""
    first = _cursor(ask) or 0
    limit = ask.number("limit", 100) or MOST
    last = first + min(limit, MOST)
    return items[first:last], _encode(last) if last < len(items) else ""


def _readable(ask: Ask) -> Conversation:
    channel = ask.channel()
    ask.need(_scope(channel, "history"))
    if ask.workspace.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _scope(channel: Conversation, what: str) -> str:
    return {"channel": "channels", "group": "groups", "im": "im"}[channel.kind] + ":" + what


def _shown(ask: Ask, message: Json) -> Json:
    if "metadata" in message and not ask.flag("include_all_metadata"):
        return {key: value for key, value in message.items() if key != "metadata"}
    return message


def _within(ts: str, oldest: str, latest: str, inclusive: bool) -> bool:
    at = micros(ts)
    slack = 0 if inclusive else 1
    return (not oldest or at >= micros(oldest) + slack) and (
        not latest or at <= micros(latest) - slack
    )


def _bound(ask: Ask, name: str) -> str:
    value = ask.text(name)
    if value in ("", "now"):
        return ""
    try:
        micros(value)
    except ValueError:
        raise SlackError(f"invalid_ts_{name}") from None
    return value


def _limit(ask: Ask) -> int:
    limit = ask.number("limit", 100)
    if not 1 <= limit <= MOST:
        raise SlackError("invalid_limit")
    return limit


def _next(ts: str) -> str:
    return _encode(micros(ts))


def _encode(place: int) -> str:
    return base64.b64encode(f"next:{place}".encode()).decode()


def _cursor(ask: Ask) -> int | None:
    text = ask.text("cursor")
    if not text:
        return None
    try:
        return int(base64.b64decode(text, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None


METHODS = {
    "conversations.history": Method(history, tier=3),
    "conversations.replies": Method(replies, tier=3),
    "conversations.open": Method(open_direct, "im:write", tier=3),
    "conversations.info": Method(look_up, tier=3),
    "conversations.list": Method(list_all, tier=2),
    "conversations.members": Method(members, tier=4),
}
