"""What a payload of Slack's says: who, about which alert, from where. Nothing else reads them."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from bot.errors import BadInput
from bot.model import (
    Ask,
    Aspect,
    Person,
    Scope,
    Verb,
    Verdict,
    cut,
    iso,
    read_alert_id,
    read_exemption_id,
    read_snooze_id,
)
from bot.ports import Bot
from bot.slack.modals.view import NOTE_MOST
from bot.slack.text import written

Body = Mapping[str, Any]

_GUARDED = frozenset({"rules reload"})
"""What may be typed after a command and changes something."""


def kind(body: Body) -> str:
    """commands, actions, views, events, or "" for what we do not listen to."""
    if "command" in body:
        return "commands"
    kinds = {
        "block_actions": "actions",
        "view_submission": "views",
        "message_action": "shortcuts",
        "event_callback": "events",
    }
    return kinds.get(str(body.get("type")), "")


def listener(body: Body) -> str:
    """The id that a listener is registered by: command, action id or callback id; with what was
    chosen or typed where that needs a verb of its own."""
    if "command" in body:
        typed = " ".join(words(str(body.get("text") or ""))[:2]).lower()
        return f"{body['command']}:{typed}" if typed in _GUARDED else str(body["command"])
    if body.get("actions"):
        chosen = choice(body)
        return f"{action_id(body)}:{chosen}" if chosen else action_id(body)
    return str((body.get("view") or body).get("callback_id", ""))


def action_id(body: Body) -> str:
    """The id of the element that was pressed."""
    return str(body["actions"][0].get("action_id", ""))


def choice(body: Body) -> str:
    """What was chosen in an alert's ⋯ menu, by name; "" for a button."""
    return _carried(body).partition(" ")[0] if _is_menu(body) else ""


def value(body: Body) -> str:
    """What the pressed button carries."""
    return _carried(body)


def _is_menu(body: Body) -> bool:
    return any(one.get("type") == "overflow" for one in body.get("actions") or ())


def _carried(body: Body) -> str:
    """What the element or modal carries."""
    pressed = (body.get("actions") or [{}])[0]
    value = pressed.get("value") or (pressed.get("selected_option") or {}).get("value")
    return str(value or (body.get("view") or {}).get("private_metadata") or "")


def words(text: str) -> list[str]:
    """What was typed after a command, word by word; what stands in quotes is one word, whatever
    quotes a phone makes of them, and one that is left open lasts to the end."""
    return [
        next((part for part in found.groups() if part is not None), "")
        for found in _WORD.finditer(text)
    ]


_WORD = re.compile(
    r'["“”„«»]([^"“”„«»]*)["“”„«»]?'
    r"|(?:'|[‘’‚])([^'‘’‚]+)['‘’](?!\S)"  # not the apostrophe in a name
    r"|(\S+)"
)


def person(body: Body) -> Person:
    """Who did it. The team is that of the person, not that of the place."""
    if "command" in body:
        user, team, name = body.get("user_id"), body.get("team_id"), body.get("user_name")
    else:
        who = body.get("user") or {}
        user, team = who.get("id"), who.get("team_id")
        name = who.get("name") or who.get("username")
    return Person(user=str(user or ""), team=str(team or ""), name=str(name or ""))


def channel(body: Body) -> str:
    """Where it was done; "" in a modal."""
    if "command" in body:
        return str(body.get("channel_id") or "")
    place = body.get("channel") or {}
    return str(place.get("id") or (body.get("container") or {}).get("channel_id") or "")


def group(event: Mapping[str, Any]) -> str:
    """The user group that a `subteam_…` event is about."""
    return str(event.get("subteam_id") or (event.get("subteam") or {}).get("id") or "")


def subject(body: Body) -> str:
    """The alert's id that a button or modal carries, to the letter, else ""."""
    carried = _carried(body)
    if _is_menu(body):
        carried = carried.rpartition(" ")[2]
    elif not body.get("actions"):
        carried = carried.partition(" ")[0]  # a modal may also carry what it showed
    return carried if read_alert_id(carried) == carried else ""


def alert_id(body: Body) -> str:
    """`subject`, or BadInput."""
    if found := subject(body):
        return found
    raise BadInput("This button names no alert. It may be older than I am.", where="value")


def snooze_id(body: Body) -> str:
    """The snooze that a button is about. Raises BadInput."""
    if found := read_snooze_id(_carried(body)):
        return found
    raise BadInput("This button names no snooze. It may be older than I am.", where="value")


def exemption_id(body: Body) -> str:
    """The exception that a button is about. Raises BadInput."""
    if found := read_exemption_id(_carried(body)):
        return found
    raise BadInput("This button names no exception. It may be older than I am.", where="value")


def trigger(body: Body) -> str:
    """What makes a press idempotent. Raises BadInput without it: all would be one press."""
    if found := str(body.get("trigger_id") or ""):
        return found
    raise BadInput("Slack sent no trigger id. Please try again.", where="trigger_id")


class Message(Struct, frozen=True, kw_only=True):
    """A message that somebody chose: its *ts*, its *thread*'s ts ("" outside) and its *words*, as
    many as a note takes; *left_out* counts the characters after them."""

    ts: str
    thread: str
    words: str
    left_out: int = 0


def message(body: Body) -> Message:
    """The message that a shortcut was used on; its words without Slack's entities."""
    found = body.get("message") or {}
    ts, thread = str(found.get("ts") or ""), str(found.get("thread_ts") or "")
    words = written(html.unescape(_MARKED.sub(_plainly, str(found.get("text") or ""))))
    return Message(
        ts=ts,
        thread=thread if thread != ts else "",
        words=_noted(words),
        left_out=max(0, len(words) - NOTE_MOST),
    )


def _noted(words: str) -> str:
    """As much of *words* as a note holds."""
    if len(words) <= NOTE_MOST:
        return words
    return cut(words, NOTE_MOST - 1).rstrip() + "…"


_MARKED = re.compile(r"<([^<>]+)>")


def _plainly(marked: re.Match[str]) -> str:
    """A mention by its id, a link by its address: names may change, and lie."""
    return marked[1].partition("|")[0]


def ask(
    bot: Bot,
    body: Body,
    verb: Verb,
    *,
    key: str = "",
    alert: str = "",
    verdict: Verdict | None = None,
    note: str = "",
    to: Person | None = None,
    quoted: str = "",
    left_out: int = 0,
    record: str = "",
    scope: Scope | None = None,
    hours: int = 0,
    snooze: str = "",
    equal: tuple[Aspect, ...] = (),
    days: int = 0,
    exemption: str = "",
    shown: str = "",
) -> Ask:
    """What the person asks for; *alert* where the payload itself does not carry it as a value."""
    return Ask(
        key=key or trigger(body),
        verb=verb,
        alert=alert or alert_id(body),
        by=person(body),
        at=iso(bot.clock.now()),
        verdict=verdict,
        note=note,
        channel=channel(body),
        to=to,
        quoted=quoted,
        left_out=left_out,
        record=record,
        scope=scope,
        hours=hours,
        snooze=snooze,
        equal=equal,
        days=days,
        exemption=exemption,
        shown=shown,
    )


def answer_channel(bot: Bot, body: Body) -> str:
    """Where a private answer can be shown; for a button in a modal, beside its alert's card."""
    if place := channel(body):
        return place
    alert = bot.store.alert(subject(body)) if subject(body) else None
    return alert.channel if alert else ""
