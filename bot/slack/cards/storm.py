"""The message of a storm: what it holds back while it lasts, and the report when it is over."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import Level, Storm, Tally, moment
from bot.slack import parts
from bot.slack.lint import FALLBACK, Message, fit
from bot.slack.parts import Block
from bot.slack.text import code, date, escape, plain, shorten


def storm_card(storm: Storm, tally: Tally) -> Message:
    """The storm as it is now. Within Slack's limits for any names and numbers."""
    draw = _over if storm.ended_at else _on
    title, told = draw(storm, tally)
    blocks = [
        parts.header(title),
        parts.section(told),
        *_frequent("Top rules", tally.rules, tally.every_rule),
        *_frequent("Top actors", tally.actors, tally.every_actor),
        parts.section(_unresolved(tally)),
        parts.actions(parts.button("Show the alerts", parts.SHOW, f"0 open storm {storm.id}")),
        parts.context(
            f"*{escape(storm.id)}* · {code(f'/callwarden alerts storm {storm.id}')} lists them too"
        ),
    ]
    return fit(Message(text=_spoken(title, tally), blocks=blocks), "…")


def storm_note(storm: Storm, tally: Tally) -> Message:
    """That the storm is over, as a line in the thread of its message."""
    left = sum(tally.unresolved.values())
    said = (
        f"The storm is over, after {_lasted(storm)}. It held back {_number(tally.alerts, 'alert')};"
        f" {left:,} of them {'is' if left == 1 else 'are'} not resolved."
        " New alerts are posted one by one again."
    )
    if tally.unresolved.get(Level.HIGH):
        said += " The first of the high ones come here in the next minutes; the rest stay listed."
    return fit(Message(text=said, blocks=[parts.section(said)]))


def _on(storm: Storm, tally: Tally) -> tuple[str, str]:
    return (
        f"🌩️ Storm: {_number(tally.alerts, 'alert')} held back",
        f"Since {date(storm.began_at)} too many alerts come here to post them one by one:"
        f" *{_number(tally.alerts, 'alert')}* with {_number(tally.findings, 'finding')} so far."
        " All are stored. *Critical alerts are posted as always.*",
    )


def _over(storm: Storm, tally: Tally) -> tuple[str, str]:
    return (
        f"✅ Storm over: {_number(tally.alerts, 'alert')} held back",
        f"From {date(storm.began_at)} to {date(storm.ended_at)}, for {_lasted(storm)}:"
        f" *{_number(tally.alerts, 'alert')}* with {_number(tally.findings, 'finding')}."
        " None was skipped: all are stored and can be listed.",
    )


def _frequent(title: str, found: Sequence[tuple[str, int]], every: int) -> list[Block]:
    """The most frequent, one a line, with how many more there are."""
    if not found:
        return []
    lines = [f"{code(name, 80)} ×{number:,}" for name, number in found]
    if every > len(found):
        lines.append(f"… {every - len(found):,} more")
    return [parts.section("\n".join([f"*{title}*", *lines]))]


def _unresolved(tally: Tally) -> str:
    """How many nobody has resolved, the worst first."""
    levels = sorted(tally.unresolved, key=lambda level: level.rank, reverse=True)
    shown = [
        f"{parts.SIGNS[level]} {tally.unresolved[level]:,} {level.value}"
        for level in levels
        if tally.unresolved[level]
    ]
    return f"*Not resolved:* {' · '.join(shown) or 'none'}"


def _lasted(storm: Storm) -> str:
    began, ended = moment(storm.began_at), moment(storm.ended_at)
    seconds = round((ended - began).total_seconds()) if began and ended else 0
    if seconds < 120:
        return _number(max(seconds, 0), "second")
    return _number(round(seconds / 60), "minute")


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _spoken(title: str, tally: Tally) -> str:
    """What a phone's lock screen shows."""
    rule = f"Most by {escape(plain(tally.rules[0][0], 80))}. " if tally.rules else ""
    return shorten(f"{title}\n{rule}Critical alerts are posted as always.", FALLBACK)
