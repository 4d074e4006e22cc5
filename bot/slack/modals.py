"""Modals: each is one class with its ids, how it is built and how its answer is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from slack_sdk.models.blocks import (
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
)
from slack_sdk.models.views import View

from bot.model import Alert, Decision, Record, Verdict, read_alert_id
from bot.slack import parts
from bot.slack.lint import VIEW_BLOCKS, fit_blocks
from bot.slack.parts import Block
from bot.slack.redact import allowed_fields
from bot.slack.text import clean, code, date, escape, plain

_VIEW_SIZE = 100_000
"""JSON characters of a modal's blocks; Slack refuses a view above 250 kB."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a person filled in. *errors* holds a sentence per block id, where there are any."""

    alert: str = ""
    verdict: Verdict | None = None
    note: str = ""
    errors: dict[str, str] = {}


class ResolveModal:
    """What did it turn out to be?"""

    ID = "resolve_alert"
    VERDICT = "verdict"
    NOTE = "note"
    NOTE_MOST = 500
    _CHOSEN = "chosen"
    _WRITTEN = "written"
    _WORDS = (
        (Verdict.TRUE_POSITIVE, "True positive", "It was an attack, or might have become one."),
        (Verdict.FALSE_POSITIVE, "False positive", "The rule was wrong: nothing bad happened."),
        (Verdict.EXPECTED, "Expected", "It happened, and it was meant to: a drill, a change."),
    )

    @classmethod
    def build(cls, alert: Alert) -> dict[str, Any]:
        """The modal for *alert*; it carries the alert's id and nothing else."""
        options = [
            Option(value=verdict.value, text=_plain(label), description=_plain(means))
            for verdict, label, means in cls._WORDS
        ]
        verdict = InputBlock(
            block_id=cls.VERDICT,
            label=_plain("What did it turn out to be?"),
            element=RadioButtonsElement(action_id=cls._CHOSEN, options=options),
        )
        note = InputBlock(
            block_id=cls.NOTE,
            label=_plain("Note"),
            hint=_plain("It stands on the card and in the ledger. No passwords, no callers."),
            element=PlainTextInputElement(
                action_id=cls._WRITTEN,
                multiline=True,
                max_length=cls.NOTE_MOST,
                placeholder=_plain("What made you sure?"),
            ),
            optional=True,
        )
        shown = parts.literal(f"{parts.SIGNS[alert.level]} {alert.headline}")
        blocks = [shown, verdict.to_dict(), note.to_dict()]
        return _view(cls.ID, f"Resolve {alert.id}", alert.id, blocks, submit="Resolve")

    @classmethod
    def parse(cls, view: Mapping[str, Any]) -> Answer:
        """Read a submitted *view*."""
        values = view.get("state", {}).get("values", {})
        chosen = values.get(cls.VERDICT, {}).get(cls._CHOSEN, {}).get("selected_option") or {}
        note = (values.get(cls.NOTE, {}).get(cls._WRITTEN, {}).get("value") or "").strip()
        errors = {}
        verdict = _verdict(chosen.get("value"))
        if verdict is None:
            errors[cls.VERDICT] = "Choose one of the three."
        if len(note) > cls.NOTE_MOST:
            errors[cls.NOTE] = f"{len(note)} characters; {cls.NOTE_MOST} at most."
        carried = str(view.get("private_metadata", ""))
        alert = carried if read_alert_id(carried) == carried else ""
        return Answer(alert=alert, verdict=verdict, note=clean(note), errors=errors)


class DetailsModal:
    """Everything about an alert that may be shown."""

    ID = "alert_details"
    RECORDS_SHOWN = 5

    @classmethod
    def build(
        cls,
        alert: Alert,
        records: Sequence[Record],
        decisions: Sequence[Decision],
        instances: Mapping[str, str],
        *,
        may_raw: bool,
    ) -> dict[str, Any]:
        """The modal for *alert*. *may_raw* is whether this reader may receive the raw record."""
        blocks = [*_summary(alert, instances), *_guidance(alert)]
        if alert.news:
            lines = "\n".join(f"• {parts.news(line)}" for line in alert.news)
            blocks.append(_long(f"*New since it opened*\n{lines}"))
        if decisions:
            lines = "\n".join(f"• {_decided(one)}" for one in decisions)
            blocks.append(_long(f"*Decisions*\n{lines}"))
        if may_raw and records:
            blocks.append(
                parts.actions(parts.button("Send me the raw record", parts.RAW, alert.id))
            )
        for place, record in enumerate(records[: cls.RECORDS_SHOWN]):
            blocks += _record(record, "Last record" if place == 0 else "Before it")
        return _view(cls.ID, f"Alert {alert.id}", alert.id, blocks)


class Notice:
    """A sentence in place of a modal, where there is no field to show it at."""

    ID = "notice"

    @classmethod
    def build(cls, sentence: str) -> dict[str, Any]:
        """The modal that says *sentence*."""
        return _view(cls.ID, "Callwarden", "", [parts.literal(sentence)])


def _summary(alert: Alert, instances: Mapping[str, str]) -> list[Block]:
    facts = (
        f"*Who:* {parts.who(alert.actor)}",
        f"*What:* {parts.what(alert)}",
        f"*Where:* {parts.where(alert, instances)}",
        f"*When:* {parts.during(alert)}",
    )
    level = f"{parts.SIGNS[alert.level]} {alert.level.value.capitalize()}"
    shown = [
        parts.header(f"{level}: {alert.headline}"),
        _long("\n".join(facts)),
        _long(parts.state(alert)),
    ]
    if alert.note:
        shown.append(parts.literal(f"Note: {alert.note}"))
    return shown


def _guidance(alert: Alert) -> list[Block]:
    shown = []
    if alert.why:
        shown.append(_long(f"*Why it matters*\n{escape(alert.why)}"))
    if alert.runbook:
        shown.append(_long(f"*What to do*\n{parts.steps(alert.runbook)}"))
    tags = " ".join(code(tag, 60) for tag in alert.tags)
    shown.append(parts.context(f"rule {code(alert.rule, 120)} {tags}".strip()))
    return shown


def _decided(decision: Decision) -> str:
    note = f": {escape(decision.ask.note)}" if decision.ask.note else ""
    return parts.did(decision) + note


def _record(record: Record, title: str) -> list[Block]:
    rows = allowed_fields(record)
    lines = [f"*{escape(label)}:* {code(value, 300)}" for label, value in rows]
    half = (len(lines) + 1) // 2
    texts = [f"*{title}*, {date(record.time)}\n" + "\n".join(lines[:half]), "\n".join(lines[half:])]
    return [_long(text) for text in texts if text]


def _long(markup: str) -> Block:
    return parts.section(markup, pointer="…")


def _view(
    callback_id: str,
    title: str,
    metadata: str,
    blocks: Sequence[Block],
    submit: str | None = None,
) -> dict[str, Any]:
    view = View(
        type="modal",
        callback_id=callback_id,
        title=_plain(title, 24),
        submit=_plain(submit) if submit else None,
        close=_plain("Cancel" if submit else "Close"),
        private_metadata=metadata,
        blocks=fit_blocks(blocks, VIEW_BLOCKS, _VIEW_SIZE, "…"),
    )
    made: dict[str, Any] = view.to_dict()
    return made


def _plain(text: str, limit: int = 75) -> PlainTextObject:
    return PlainTextObject(text=plain(text, limit), emoji=False)


def _verdict(value: object) -> Verdict | None:
    return next((verdict for verdict in Verdict if verdict.value == value), None)
