"""The pieces cards and modals are made of: blocks with safe text, and phrases about alerts.

Arguments called *markup* are mrkdwn that is safe already; every other text is made safe here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    BlockElement,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    ImageBlock,
    InteractiveElement,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextPreformattedElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.basic_components import SlackFile

from bot.model import (
    OWN_SOURCE,
    Actor,
    Alert,
    Aspect,
    Backtest,
    Decision,
    Level,
    Mark,
    Scope,
    Snooze,
    SnoozeState,
    Verb,
    Verdict,
    counted,
    cut,
)
from bot.slack.lint import ALT, BUTTON, HEADER, OPTION, OPTION_VALUE, POINTER, TEXT
from bot.slack.text import code, date, escape, mention, plain, shorten

Block = dict[str, Any]

TAKE, RESOLVE, DETAILS, RAW = "alert_take", "alert_resolve", "alert_details", "alert_raw"
"""The action ids of our buttons."""

EARLIER, LATER = "alerts_back", "alerts_on"
"""The action ids of a list's buttons. Their value is where the page begins and what is listed."""

EXPLAIN = "rule_explain"
"""The action id of the menu under a list of rules. Each choice's value is a rule's name."""

SHOW = "storm_alerts"
"""The action id of a storm's button. Its value is as that of a list's buttons."""

MORE = "alert_more"
"""The action id of the ⋯ menu. Each choice's value is its name and the alert's id."""

AGREE, WAKE = "snooze_agree", "snooze_end"
"""The action ids of a snooze's buttons. Their value is the snooze's id."""

AGREE_EXCEPT, UNEXCEPT = "except_agree", "except_end"
"""The action ids of an exception's buttons. Their value is the exception's id."""

MENU = {
    "snooze": "Snooze…",
    "mute": "Mute rule for this actor…",
    "expect": "Always expected…",
    "hand_over": "Hand over…",
    "note": "Add note…",
    "reopen": "Re-open…",
}
"""What the ⋯ menu can offer, by name. A choice is one of `handlers/actions/alert_more.py`."""

SIGNS = {
    Level.CRITICAL: "🔴",
    Level.HIGH: "🟠",
    Level.MEDIUM: "🟡",
    Level.LOW: "🔵",
    Level.INFORMATIONAL: "⚪",
}
VERDICTS = {
    Verdict.TRUE_POSITIVE: "true positive",
    Verdict.FALSE_POSITIVE: "false positive",
    Verdict.EXPECTED: "expected",
}
_ARN_HEAD = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:\d*:")
_PART_OF_SPELT = re.compile(r"\\(?:u(?:\{[0-9a-f]*)?)?\Z")
_STAMP = re.compile(r" \((\d{4}-\d\d-\d\dT[0-9:.]+Z)\)")
_TIMED = re.compile(r"(.*) \((\d{4}-\d\d-\d\dT[0-9:.]+Z)\)", re.DOTALL)


# ── blocks ──────────────────────────────────────────────────────────────────


def header(text: str) -> Block:
    """A header; text longer than Slack takes ends in an ellipsis."""
    return _json(HeaderBlock(text=PlainTextObject(text=plain(text, HEADER), emoji=False)))


def section(markup: str, accessory: BlockElement | None = None, pointer: str = POINTER) -> Block:
    """A section of mrkdwn; what is over the limit becomes *pointer*."""
    return _json(SectionBlock(text=_markup(shorten(markup, TEXT, pointer)), accessory=accessory))


def literal(text: str) -> Block:
    """A section that shows *text* as it is, as plain_text."""
    return _json(SectionBlock(text=PlainTextObject(text=plain(text, TEXT), emoji=False)))


def context(*markup: str) -> Block:
    """Small grey text, at most ten pieces."""
    return _json(ContextBlock(elements=[_markup(shorten(one, TEXT)) for one in markup[:10]]))


def small(text: str) -> Block:
    """Small grey text that is shown as it is, as plain_text."""
    shown = PlainTextObject(text=plain(text, TEXT), emoji=False)
    return _json(ContextBlock(elements=[shown]))


def picture(file: str, words: str) -> Block:
    """The picture in Slack whose id is *file*; *words* say the same."""
    return _json(ImageBlock(alt_text=plain(words, ALT), slack_file=SlackFile(id=file)))


def preformatted(text: str) -> Block:
    """*text* (spelt out) line by line as it is."""
    box = RichTextPreformattedElement(elements=[RichTextElementParts.Text(text=text)])
    return _json(RichTextBlock(elements=[box]))


def beginning(text: str, size: int) -> str:
    """The longest beginning of *text* (spelt out) of at most *size* characters as JSON."""
    low, high = 0, min(len(text), size)
    while low < high:
        middle = (low + high + 1) // 2
        if len(json.dumps(text[:middle], ensure_ascii=False)) <= size:
            low = middle
        else:
            high = middle - 1
    return text if low == len(text) else _PART_OF_SPELT.sub("", cut(text, low))


def button(label: str, action: str, value: str, style: str | None = None) -> ButtonElement:
    """A button. About an alert, its value is the alert's id and nothing else."""
    shown = PlainTextObject(text=plain(label, BUTTON), emoji=False)
    return ButtonElement(text=shown, action_id=action, value=value, style=style)


def menu(alert_id: str, *choices: str) -> OverflowMenuElement:
    """The ⋯ menu of an alert, with some of `MENU`."""
    options = [
        Option(text=PlainTextObject(text=MENU[choice], emoji=False), value=f"{choice} {alert_id}")
        for choice in choices
    ]
    return OverflowMenuElement(action_id=MORE, options=options)


def actions(*buttons: InteractiveElement) -> Block:
    """A row of buttons, at its end perhaps a menu."""
    return _json(ActionsBlock(elements=list(buttons)))


def choice(label: str, action: str, names: Sequence[str]) -> list[InteractiveElement]:
    """A menu of *names*, each of which is its own value; none where no name fits into one."""
    options = [
        Option(text=PlainTextObject(text=plain(name, OPTION), emoji=False), value=name)
        for name in names
        if len(name) <= OPTION_VALUE
    ]
    shown = PlainTextObject(text=label, emoji=False)
    if not options:
        return []
    return [StaticSelectElement(action_id=action, placeholder=shown, options=options)]


def turning(
    words: str, offset: int, shown: int, total: int, step: int, *more: InteractiveElement
) -> list[Block]:
    """The buttons that turn the page of a list of *total* that *words* ask for: it begins at
    *offset* and shows so many; a whole one has *step*. *more* stands behind them."""
    buttons: list[InteractiveElement] = []
    if offset:
        buttons.append(button("◂ Back", EARLIER, f"{max(0, offset - step)} {words}"))
    if offset + shown < total:
        buttons.append(button("Next ▸", LATER, f"{offset + shown} {words}"))
    return [actions(*buttons, *more)] if buttons or more else []


def quiet(counts: Mapping[str, int]) -> str:
    """What people are not disturbed by now, by `Store.quiet`, and how to see it; "" for nothing."""
    asked = f" ({counts['snoozes.asked']} asked for)" if counts.get("snoozes.asked") else ""
    found = {
        f"Snoozes on: {counts.get('snoozes.on', 0)}{asked}, `/callwarden snoozes`": (
            counts.get("snoozes.on") or asked
        ),
        f"Alerts without a card: {counts.get('alerts.held', 0)}, `/callwarden alerts held`": (
            counts.get("alerts.held")
        ),
        f"Exceptions on: {counts.get('exemptions.on', 0)}, `/callwarden exceptions`": (
            counts.get("exemptions.on")
        ),
    }
    return " · ".join(line for line, true in found.items() if true)


def _markup(text: str) -> MarkdownTextObject:
    return MarkdownTextObject(text=text, verbatim=True)


def _json(block: Any) -> Block:
    made: Block = block.to_dict()
    return made


# ── phrases, as mrkdwn ──────────────────────────────────────────────────────


def who(actor: Actor) -> str:
    """Name and the short principal, each once; the kind where there is no principal."""
    named = actor.name or actor.principal
    parts = [code(named, 120)]
    short = principal(actor.principal).removesuffix(f"/{actor.name}")
    told = short in {actor.name, actor.connect_user}
    if actor.kind and not actor.connect_user and not short.startswith(("role/", "user/")):
        parts.append(escape(actor.kind))
    if short and not told:
        parts.append(code(short, 200))
    if actor.connect_user and actor.connect_user not in named:
        parts.append(f"Connect user {code(actor.connect_user, 80)}")
    return " · ".join(parts)


def what(alert: Alert) -> str:
    """The call, its target and how it ended."""
    if alert.event_source == OWN_SOURCE:
        return f"{code(alert.event_name, 120)} of {code(alert.target, 200)}"
    other = alert.target if alert.target != alert.instance else ""
    target = f" on {code(other, 200)}" if other else ""
    ended = f"refused: {code(alert.error_code, 80)}" if alert.error_code else "succeeded"
    return f"{code(alert.event_name, 120)}{target} · {ended}"


def where(alert: Alert, instances: Mapping[str, str]) -> str:
    """Instance, account, Region and source address, as far as they are known.

    An instance with a name goes by it; its id is in Details, where there is room.
    """
    parts = []
    if alert.instance:
        name = instances.get(alert.instance)
        parts.append(f"*{escape(name)}*" if name else f"instance {code(alert.instance, 80)}")
    if alert.account:
        parts.append(f"account {code(alert.account, 40)}")
    if alert.region:
        parts.append(code(alert.region, 40))
    if alert.source_ip:
        origin = f" ({escape(plain(alert.origin, 100))})" if alert.origin else ""
        parts.append(f"from {code(alert.source_ip, 80)}{origin}")
    if alert.event_source == OWN_SOURCE:
        parts.append("Callwarden itself")
    return " · ".join(parts) or "unknown"


def during(alert: Alert) -> str:
    """First and last time, and how often."""
    first = date(alert.first_time)
    if alert.count == 1 and not alert.replays:
        return first
    last = f" to {date(alert.last_time)}" if alert.last_time != alert.first_time else ""
    copies = f" (and {alert.replays} in the replica Region)" if alert.replays else ""
    return f"{first}{last} · ×{alert.count}{copies}"


def listed(title: str, lines: Sequence[str]) -> list[Block]:
    """*lines* (markup) under *title*, in as many sections as they need."""
    blocks, held = [], f"*{escape(title)}*"
    for line in lines:
        if len(held) + 1 + len(line) > TEXT:
            blocks.append(section(held))
            held = line
        else:
            held = f"{held}\n{line}"
    return [*blocks, section(held, pointer="…")]


def news(line: str) -> str:
    """A line of new context; its closing `(time)` is shown in the reader's zone."""
    timed = _TIMED.fullmatch(line)
    return f"{code(timed[1], 200)} {date(timed[2])}" if timed else code(line, 200)


def steps(runbook: Sequence[str]) -> str:
    """Numbered steps, one a line."""
    return "\n".join(f"{number}. {escape(step)}" for number, step in enumerate(runbook, 1))


def principal(arn: str) -> str:
    """*arn* without what stands elsewhere: partition, service and account."""
    return _ARN_HEAD.sub("", arn, count=1)


def briefly(alert: Alert) -> str:
    """As `state`, for a list: without times."""
    if alert.resolved:
        became = VERDICTS[alert.verdict] if alert.verdict else "no verdict"
        return f"*Resolved: {became}* by {mention(alert.resolved.by)}"
    if alert.inhibited:
        return f"*Open*, {code(alert.inhibitor)} stands for it"
    if alert.taken and alert.awaited:
        return f"*Handed to* {mention(alert.taken.by)}, who has not said yet that they have it"
    if alert.taken:
        return f"*Taken* by {mention(alert.taken.by)}"
    return "*Open again*" if alert.reopened else "*Open*"


def state(alert: Alert) -> str:
    """Who has it or what became of it."""
    if alert.resolved:
        became = VERDICTS[alert.verdict] if alert.verdict else "no verdict"
        by = mention(alert.resolved.by)
        return f"*Resolved: {became}* by {by} {date(alert.resolved.at)}"
    if alert.inhibited:
        return f"*Open* since {date(alert.opened_at)}. {code(alert.inhibitor)} stands for it."
    if alert.taken and alert.awaited:
        by = f"by {mention(alert.handed.by)} " if alert.handed else ""
        has = f"*Handed to* {mention(alert.taken.by)} {by}{date(alert.taken.at)}"
        return f"{has}. Nobody has said yet that they have it."
    if alert.taken:
        return f"*Taken* by {mention(alert.taken.by)} {date(alert.taken.at)}"
    if alert.reopened:
        by = mention(alert.reopened.by)
        return f"*Open again*, by {by} {date(alert.reopened.at)}. Nobody has taken it yet."
    return f"*Open* since {date(alert.opened_at)}. Nobody has taken it yet."


HOURS = {1: "1 hour", 8: "8 hours", 24: "24 hours", 168: "7 days"}
SCOPES = {
    Scope.ALERT: "this alert",
    Scope.RULE_ACTOR_TARGET: "this rule, actor and target",
    Scope.RULE_ACTOR: "this rule and actor",
}


SECOND = "*A second person must agree.*"


def by_whom(mark: Mark | None) -> str:
    """The person who did it, after what was done; nobody where we did."""
    named = mention(mark.by) if mark else ""
    return f", by {named}" if named.startswith("<@") else ""


def snooze(one: Snooze) -> str:
    """What a snooze is and whose, in one line."""
    what = f"{escape(SCOPES[one.scope])}, by {mention(one.by)}"
    why = f": {escape(plain(one.reason, 200))}"
    if one.state is SnoozeState.ASKED:
        asked = f"*Asked to snooze* {HOURS.get(one.hours, '?')}: {what}{why}"
        return f"{asked}\n{SECOND}"
    if one.state is SnoozeState.OVER:
        return f"*Snooze over*: {_timely(one.why)}{by_whom(one.ended)}"
    agreed = f", {mention(one.agreed.by)} agreed" if one.agreed else ""
    return f"😴 *Snoozed* until {date(one.until)}: {what}{agreed}{why}"


def _timely(why: str) -> str:
    """*why*; each `(time)` of new context in it is shown in the reader's zone."""
    pieces = _STAMP.split(plain(why, 400))
    shown = [date(one) if place % 2 else escape(one) for place, one in enumerate(pieces)]
    return " ".join(filter(None, shown)).replace("> ;", ">;")


def kept_quiet(one: Snooze) -> str:
    """What a snooze kept quiet, counted."""
    if not one.findings:
        return "Nothing was kept quiet"
    held = f" in {counted(one.alerts, 'alert')} without a card" if one.alerts else ""
    return f"{counted(one.findings, 'finding')}{held} kept quiet"


ASPECTS = {
    Aspect.ACTOR: "actor",
    Aspect.TARGET: "target",
    Aspect.NETWORK: "source network",
    Aspect.NAME: "event name",
    Aspect.ACCOUNT: "account",
}
DAYS = (30, 90, 180)
"""How long something can be expected."""


def backtest(test: Backtest) -> str:
    """What an exception would have hidden, as plain words."""
    if not test.found:
        return "No finding of this rule is stored that it could be tested with"
    days = f"the last {test.days} days" if test.days > 1 else "the last day"
    return f"would have hidden {test.hidden} of {test.found} findings of {days}"


def did(decision: Decision) -> str:
    """Who decided what, and when."""
    ask = decision.ask
    became = f" as {VERDICTS[ask.verdict]}" if ask.verdict else ""
    became += f" to {mention(ask.to)}" if ask.to else ""
    return f"{mention(ask.by)} {_DID[ask.verb]}{became} {date(ask.at)}"


_DID = {
    Verb.LOOK: "looked",
    Verb.TAKE: "took it",
    Verb.RESOLVE: "resolved it",
    Verb.RAW: "asked for the raw record",
    Verb.HAND_OVER: "handed it over",
    Verb.NOTE: "noted",
    Verb.REOPEN: "opened it again",
    Verb.SNOOZE: "snoozed it",
    Verb.AGREE: "agreed to the snooze",
    Verb.WAKE: "ended the snooze",
    Verb.EXCEPT: "proposed an exception",
    Verb.AGREE_EXCEPT: "agreed to the exception",
    Verb.UNEXCEPT: "ended the exception",
    Verb.RELOAD: "had the rules read anew",
}
