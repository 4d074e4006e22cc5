"""**Details**: everything about an alert that may be shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.model import Alert, Around, Decision, Neighbour, Record, Related, Tie, moment
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
        around: Sequence[Around] = (),
        related: Related | None = None,
        times: Sequence[str] = (),
        picture: str = "",
    ) -> dict[str, Any]:
        """The modal for *alert*. *may_raw* is whether this reader may receive the raw record.

        *around* is what happened around the newest record, counted, and *related* the nearest of
        it; *times* those of its findings; *picture* is the id of a file in Slack that shows the
        same.
        """
        blocks = [*_summary(alert, instances), *_guidance(alert)]
        if drawn := timeline(times):
            blocks.append(_long(f"*When it happened*\n{drawn}"))
        if picture:
            blocks.append(parts.picture(picture, _in_words(around)))
        if lines := [f"• {_tied(one)}" for one in around if one.times > 1]:
            title = f"Around the last record, {around[0].minutes} minutes either way"
            blocks += parts.listed(title, lines)
        if related is not None and related.nearest:
            title = f"Related records, {related.minutes} minutes either way, newest first"
            blocks += parts.listed(title, _related(related))
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


_SAID = {Tie.ACTOR: "by this actor", Tie.TARGET: "on this target", Tie.ADDRESS: "from this address"}


def _in_words(around: Sequence[Around]) -> str:
    """The picture, for those who hear it."""
    if not around:
        return "When it happened"
    counts = "; ".join(
        f"{one.times} calls {_SAID[one.tie]}" + (f", {one.refused} refused" if one.refused else "")
        for one in around
    )
    return f"Timeline, {around[0].minutes} minutes either way of the last record: {counts}"


def _tied(around: Around) -> str:
    """How often, and the commonest calls by name."""
    calls = ", ".join(
        code(call.name, 80) + (f" ×{call.times}" if call.times > 1 else "") for call in around.calls
    )
    refused = f", {around.refused} refused" if around.refused else ""
    return f"*{around.times} calls {_SAID[around.tie]}*{refused}: {calls}"


def _related(related: Related) -> list[str]:
    """One line a record, and how many more there are."""
    lines = [f"• {_neighbour(one)}" for one in related.nearest]
    if related.more:
        least = "at least " if related.at_least else ""
        lines.append(f"… and {least}{related.more:,} more, further away")
    return lines


def _neighbour(one: Neighbour) -> str:
    """When, which call, how it ended, and what links it."""
    ended = f"refused: {code(one.error_code, 80)}" if one.error_code else "succeeded"
    links = ", ".join(_LINKS[tie] for tie in one.ties)
    return f"{date(one.time)} {code(one.name, 80)} · {ended} · same {links}"


_LINKS = {Tie.ACTOR: "actor", Tie.TARGET: "target", Tie.ADDRESS: "address"}

_BARS = "▁▂▃▄▅▆▇█"
_SLOTS = 24


def timeline(times: Sequence[str]) -> str:
    """A row of bars from the first to the last of *times* (ISO), each a slot of equal length.

    "" where everything happened at once. Text, not an image: it is there at once, and stays where
    no picture comes.
    """
    moments = [at.timestamp() for at in map(moment, times) if at is not None]
    if len(moments) < 2 or moments[0] == moments[-1]:
        return ""
    first, length = moments[0], (moments[-1] - moments[0]) / _SLOTS
    counts = [0] * _SLOTS
    for seconds in moments:
        counts[min(_SLOTS - 1, int((seconds - first) / length))] += 1
    most = max(counts)
    bars = "".join(_BARS[(count * 7 + most - 1) // most] if count else "·" for count in counts)
    return f"{date(times[0])} `{bars}` {date(times[-1])}, at most {most} in {_lasting(length)}"


def _lasting(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, round(seconds))} s"


def console(record: Record) -> str:
    """A link to the event in the CloudTrail console (the last 90 days), or ""."""
    if not (_REGION.fullmatch(record.region) and _EVENT.fullmatch(record.id)):
        return ""
    at = f"https://{record.region}.console.aws.amazon.com/cloudtrailv2/home"
    return f"<{at}?region={record.region}#/events/{record.id}|Open in CloudTrail>"


_REGION = re.compile(r"(?!cn-|us-gov-|us-iso)[a-z]{2}(?:-[a-z]+)+-\d")
_EVENT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def _decided(decision: Decision) -> str:
    note = f": {escape(decision.ask.note)}" if decision.ask.note else ""
    return parts.did(decision) + note


def _record(record: Record, title: str) -> list[Block]:
    rows = allowed_fields(record)
    lines = [f"*{escape(label)}:* {code(value, 300)}" for label, value in rows]
    half = (len(lines) + 1) // 2
    link = console(record)
    where = f" · {link}" if link else ""
    head = f"*{title}*, {date(record.time)}{where}"
    texts = ["\n".join([head, *lines[:half]]), "\n".join(lines[half:])]
    return [_long(text) for text in texts if text]


def _long(markup: str) -> Block:
    return parts.section(markup, pointer="…")
