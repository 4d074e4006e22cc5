"""What a payload of Slack's says: who, about which alert, from where. Nothing else reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.errors import BadInput
from bot.model import Ask, Person, Verb, Verdict, iso, read_alert_id
from bot.ports import Bot

Body = Mapping[str, Any]


def kind(body: Body) -> str:
    """commands, actions, views, events, or "" for what we do not listen to."""
    if "command" in body:
        return "commands"
    kinds = {"block_actions": "actions", "view_submission": "views", "event_callback": "events"}
    return kinds.get(str(body.get("type")), "")


def listener(body: Body) -> str:
    """The id that a listener is registered by: command, action id or callback id."""
    if "command" in body:
        return str(body["command"])
    if actions := body.get("actions"):
        return str(actions[0].get("action_id", ""))
    return str((body.get("view") or {}).get("callback_id", ""))


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
    actions = body.get("actions") or [{}]
    carried = actions[0].get("value") or (body.get("view") or {}).get("private_metadata")
    return str(carried) if carried and read_alert_id(str(carried)) == carried else ""


def alert_id(body: Body) -> str:
    """`subject`, or BadInput."""
    if found := subject(body):
        return found
    raise BadInput("This button names no alert. It may be older than I am.", where="value")


def key(body: Body) -> str:
    """What makes a press idempotent. Raises BadInput without it: all would be one press."""
    if trigger := str(body.get("trigger_id") or ""):
        return trigger
    raise BadInput("Slack sent no trigger id. Please try again.", where="trigger_id")


def ask(
    bot: Bot,
    body: Body,
    verb: Verb,
    *,
    alert: str = "",
    verdict: Verdict | None = None,
    note: str = "",
) -> Ask:
    """What the person asks for; *alert* where the payload itself does not carry it as a value."""
    return Ask(
        key=key(body),
        verb=verb,
        alert=alert or alert_id(body),
        by=person(body),
        at=iso(bot.clock.now()),
        verdict=verdict,
        note=note,
        channel=channel(body),
    )


def answer_channel(bot: Bot, body: Body) -> str:
    """Where a private answer can be shown; for a button in a modal, beside its alert's card."""
    if place := channel(body):
        return place
    alert = bot.store.alert(subject(body)) if subject(body) else None
    return alert.channel if alert else ""
