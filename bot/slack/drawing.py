"""What a send says, drawn from the store at the moment it is sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from bot.errors import Fault
from bot.model import ExemptionState, Send, SendKind, SnoozeState
from bot.ports import Store
from bot.slack import cards, lint
from bot.slack.lint import Message

log = logging.getLogger(__name__)


class _News(msgspec.Struct):
    lines: list[str]
    more: int = 0


class _Call(msgspec.Struct):
    call: list[str]
    text: str


class _Instead(msgspec.Struct):
    of: str
    why: str


class _Untaken(msgspec.Struct):
    untaken: list[tuple[str, str]]
    more: int = 0
    call: list[str] = []
    instead: _Instead | None = None


class Drawing:
    """Draws sends. *instances* names Connect instances by id."""

    def __init__(self, store: Store, instances: Mapping[str, str]) -> None:
        self._store = store
        self._instances = instances

    def message(self, send: Send) -> Message:
        """The message, within Slack's limits; as text alone where Slack refused its blocks.

        Raises Fault where the subject is gone.
        """
        message = lint.fit(self._picture(send))
        for fault in lint.lint(message):
            log.error("Send %s still breaks a limit: %s", send.id, fault)
        if send.body.get("plain"):
            return Message(text=message["text"], blocks=[])
        return message

    def _picture(self, send: Send) -> Message:
        if "untaken" in send.body:
            told = msgspec.convert(send.body, _Untaken)
            lost = told.instead
            why = f"I could not tell {lost.of}: {lost.why}" if lost else ""
            return cards.untaken_note(told.untaken, told.more, told.call, why)
        if send.kind in (SendKind.EPHEMERAL, SendKind.POST):
            return cards.private_text(str(send.body.get("text", "")))
        if send.kind is SendKind.NOTE:
            return self._note(send)
        if send.kind is SendKind.DM and "text" in send.body:
            return cards.private_text(str(send.body["text"]))
        if send.kind is SendKind.DM:
            record = self._store.record(str(send.body.get("record", "")))
            if record is None:
                return cards.private_text("The record you asked for has passed its retention.")
            return cards.raw_message(record)
        if (storm := self._store.storm(send.subject)) is not None:
            return cards.storm_card(storm, self._store.tally(storm.id))
        alert = self._store.alert(send.subject)
        if alert is None:
            raise Fault("The alert has passed its retention.")
        history = self._store.decisions_of(alert.id)
        snoozes = self._store.snoozes_about(alert)
        return cards.alert_card(alert, instances=self._instances, history=history, snoozes=snoozes)

    def _note(self, send: Send) -> Message:
        if named := send.body.get("snooze"):
            snooze = self._store.snooze(str(named))
            if snooze is None:
                raise Fault("The snooze is gone.")
            called = msgspec.convert(send.body.get("call", []), list[str])
            return cards.snooze_note(snooze, SnoozeState(str(send.body.get("state"))), called)
        if "call" in send.body:
            call = msgspec.convert(send.body, _Call)
            return cards.call_note(call.call, call.text)
        if storm := self._store.storm(send.subject):
            return cards.storm_note(storm, self._store.tally(storm.id))
        if named := send.body.get("exemption"):
            exemption = self._store.exemption(str(named))
            if exemption is None:
                raise Fault("The exception is gone.")
            return cards.exemption_note(exemption, ExemptionState(str(send.body.get("state"))))
        if key := send.body.get("decision"):
            for decision in self._store.decisions_of(send.subject):
                if decision.ask.key == key:
                    return cards.decision_note(decision)
            raise Fault("The decision is gone.")
        body = msgspec.convert(send.body, _News)
        return cards.news_note(body.lines, body.more)
