"""What people do in the demo's workspace, through the same clicks and commands as anybody."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from bot.demo.slack import SlackServer
from bot.errors import Fault

NOTE = 'Called her: not her. Reason: "takeover" <!channel> <@U1> & `rm` *bold* _it_ ~no~'
"""A note with everything in it that could be mistaken for markup."""

WITHIN = 20.0


class Card(Struct, frozen=True):
    """An alert's card, as it hangs in a channel. *shown* are its buttons' action ids."""

    channel: str
    ts: str
    alert: str
    text: str
    shown: frozenset[str]


class Done(Struct, frozen=True, kw_only=True):
    """What people did: *accepted* and *refused* decisions about alerts, *turned_away* at the door,
    *modals* opened, *commands* answered, and *raw_to*, who read a raw record."""

    accepted: int
    refused: int
    turned_away: int
    modals: int
    commands: int
    raw_to: str


def cards(slack: SlackServer) -> list[Card]:
    """Every card in every channel, oldest first."""
    return [
        card
        for channel in slack.channels.values()
        for message in slack.messages(channel)
        if (card := _card(channel, message)) is not None
    ]


def _card(channel: str, message: Mapping[str, Any]) -> Card | None:
    buttons = {
        str(element["action_id"]): str(element.get("value", ""))
        for block in message.get("blocks") or []
        if block["type"] == "actions"
        for element in block["elements"]
    }
    if "alert_details" not in buttons:
        return None
    return Card(
        channel, message["ts"], buttons["alert_details"], message["text"], frozenset(buttons)
    )


def act(slack: SlackServer, seed: int) -> Done:
    """Two people take one alert at once; it is resolved; another is dismissed; a guest and a
    stranger try; the admin reads a raw record; somebody asks for help.

    Raises Fault where something that should show does not.
    """
    chance = random.Random(seed)  # noqa: S311 - who is quick today
    hanging = cards(slack)
    urgent = next(card for card in hanging if "emergency access" in card.text)
    other = chance.choice([card for card in hanging if card.alert != urgent.alert])
    first, second = chance.sample(["analyst", "analyst2"], 2)

    presses = [slack.press(who, urgent.channel, urgent.ts, "alert_take") for who in (first, second)]
    for press in presses:
        press.wait(WITHIN)
    _await_gone(slack, urgent, "alert_take")
    resolve(slack, first, urgent, "true_positive", NOTE)
    resolve(slack, "approver", other, "false_positive", "A drill, planned last week.")

    # Guests see one channel only: nobody presses what they cannot see.
    seen = [card for card in hanging if card.channel == urgent.channel]
    third = chance.choice([c for c in seen if c.alert not in (urgent.alert, other.alert)])
    for who in ("guest", "stranger"):
        slack.press(who, third.channel, third.ts, "alert_take").wait(WITHIN)
        person = slack.people[who].id
        _await(slack, lambda person=person: slack.ephemerals(person), f"an answer to the {who}")
    _read_raw(slack, "admin", urgent)

    commands = ("help", "status", "alerts", "alrets")
    for text in commands:
        answer = slack.slash(first, urgent.channel, "/callwarden", text).wait(WITHIN).answer
        if not answer:
            raise Fault(f"/callwarden {text} was not answered.")
    return Done(
        accepted=4,
        refused=1,
        turned_away=2,
        modals=3,
        commands=len(commands),
        raw_to=slack.people["admin"].id,
    )


def resolve(slack: SlackServer, who: str, card: Card, verdict: str, note: str) -> None:
    """Press Resolve…, fill in the modal, submit, and wait until the card shows it."""
    slack.press(who, card.channel, card.ts, "alert_resolve").wait(WITHIN)
    view = slack.wait(lambda: slack.view_of(who), WITHIN)
    if view is None:
        raise Fault("Resolve… opened no modal.")
    done = slack.submit(who, view["id"], _filled(view, verdict, note)).wait(WITHIN)
    if done.answer:
        raise Fault(f"The modal was not accepted: {done.answer}")
    _await_gone(slack, card, "alert_resolve")


def _read_raw(slack: SlackServer, who: str, card: Card) -> None:
    slack.press(who, card.channel, card.ts, "alert_details").wait(WITHIN)
    view = slack.wait(lambda: slack.view_of(who), WITHIN)
    if view is None:
        raise Fault("Details opened no modal.")
    slack.press_in_view(who, view["id"], "alert_raw").wait(WITHIN)
    slack.close_view(who, view["id"])


def _filled(view: Mapping[str, Any], verdict: str, note: str) -> dict[str, object]:
    """Values for the modal's inputs, found by their kind."""
    values: dict[str, object] = {}
    for block in view["blocks"]:
        element = block.get("element") or {}
        if element.get("type") in {"radio_buttons", "static_select"}:
            values[element["action_id"]] = verdict
        elif element.get("type") == "plain_text_input":
            values[element["action_id"]] = note
    return values


def _await_gone(slack: SlackServer, card: Card, action: str) -> None:
    """Wait until the card of *card*'s alert does not offer *action* any more."""

    def gone() -> bool:
        now = [one for one in cards(slack) if one.alert == card.alert]
        return bool(now) and all(action not in one.shown for one in now)

    _await(slack, gone, f"the card of {card.alert} to change")


def _await(slack: SlackServer, ready: Any, what: str) -> None:
    try:
        slack.wait(ready, WITHIN)
    except TimeoutError as error:
        raise Fault(f"Waited {WITHIN:.0f} s in vain for {what}.") from error


def thread_of(slack: SlackServer, card: Card) -> Sequence[Mapping[str, Any]]:
    """What was said in the card's thread."""
    return slack.messages(card.channel, card.ts)
