"""**Details**: everything about an alert that may be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.model import Alert, Decision, Record
from bot.slack import parts
from bot.slack.modals.view import view
from bot.slack.parts import Block
from bot.slack.redact import allowed_fields
from bot.slack.text import code, date, escape


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
            lines = [f"• {parts.news(line)}" for line in reversed(alert.news)]
            blocks += parts.listed("New since it opened, newest first", lines)
        if decisions:
            lines = [f"• {_decided(one)}" for one in reversed(decisions)]
            blocks += parts.listed("Decisions, newest first", lines)
        if may_raw and records:
            blocks.append(
                parts.actions(parts.button("Send me the raw record", parts.RAW, alert.id))
            )
        for place, record in enumerate(records[: cls.RECORDS_SHOWN]):
            blocks += _record(record, "Last record" if place == 0 else "Before it")
        return view(cls.ID, f"Alert {alert.id}", alert.id, blocks)


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
