"""Messages to one person: answers, help, status and the raw record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from bot.model import (
    Checkup,
    Latency,
    Page,
    PageState,
    Record,
    Send,
    Trouble,
    Unreadable,
    cut,
)
from bot.ports import Feed
from bot.slack import parts
from bot.slack.cards import health
from bot.slack.lint import FALLBACK, Message, fit
from bot.slack.redact import blank
from bot.slack.text import code, date, escape, plain, shorten, spell_out

_RAW_SIZE = 9_000
"""JSON characters of a raw record that one message carries; the rest of its room is for us."""
_CHUNK = 2_500
_FIGURES = {
    "alerts.open": "Alerts open",
    "alerts.taken": "taken",
    "alerts.resolved": "resolved",
    "records": "Records judged",
    "findings": "findings",
    "findings.expected": "of them expected",
    "unreadable": "not readable",
    "decisions": "Decisions",
    "decisions.refused": "refused",
    "sends.waiting": "Messages waiting",
    "sends.refused": "not sent",
    "storms.on": "Storms now",
}
"""What status shows of the store's totals, in words."""
_USAGE = (
    ("help", "this text"),
    ("status", "how the feed, the sender and the ledger are doing"),
    ("alert A-7K2QF", "one alert, with its buttons"),
    ("alerts [open|mine|resolved|all]", "the worst and newest alerts; open if you name nothing"),
    ("alerts mine resolved", "those that you resolved"),
    ('alerts rule saml actor "ana m"', "those of rules and actors with that in their name"),
    ("alerts storm", "those that a storm held back"),
    ("alerts held", "those without a card for now: for a snooze, a storm, or another alert"),
    ("snoozes", "what is snoozed, by whom and why; end it there"),
    ("exceptions", "what is always expected, until when, how often it came; remove it there"),
    ("rules [list|NAME]", "the rules and correlations that are on; one of them with its runbook"),
    ("rules list critical saml", "those that fit words: level, status, tag, part of a name"),
    ("rules shadow", "what shadow rules would have said this week"),
    ("rules coverage", "what the rules look at, and why not the rest"),
    ("rules reload", "read all rules anew; the old ones stay on where something is wrong"),
)


def private_text(sentence: str) -> Message:
    """A sentence, shown exactly as it is."""
    text = shorten(escape(plain(sentence)), FALLBACK)
    return Message(text=text, blocks=[parts.literal(sentence)])


def note_text(lines: Sequence[str]) -> Message:
    """Lines for a thread, each shown exactly as it is."""
    shown = [plain(line) for line in lines] or ["–"]
    text = shorten("\n".join(escape(line) for line in shown), FALLBACK)
    return fit(Message(text=text, blocks=[parts.literal(line) for line in shown]))


def help_text() -> Message:
    """What `/callwarden` can do."""
    usage = "\n".join(f"`/callwarden {verb}` – {what}" for verb, what in _USAGE)
    cards = (
        "On a card: *Take it* makes an alert yours, *Resolve…* says what it turned out to be,"
        " *Details* shows what stands behind it, *⋯* snoozes it, proposes an exception, hands it"
        " over, notes something or opens it again. In its thread, a message's menu keeps the"
        " message as a note. Each press is recorded with your name."
    )
    blocks = [parts.section(f"*Callwarden*\n{usage}"), parts.section(cards)]
    verbs = dict.fromkeys(verb.split()[0] for verb, _ in _USAGE)
    return Message(text=f"What /callwarden can do: {', '.join(verbs)}.", blocks=blocks)


def status(
    *,
    counts: Mapping[str, int],
    feeds: Sequence[Feed],
    sender_error: str = "",
    picture_error: str = "",
    job_errors: Mapping[str, str] | None = None,
    refused: Sequence[Send] = (),
    unreadable: Sequence[tuple[str, Unreadable]] = (),
    pages_to: str = "",
    last_page: Page | None = None,
    failed_pages: Sequence[Page] = (),
    ledger_length: int = 0,
    ledger_head: str = "",
    channels: Sequence[str] = (),
    latency: Latency | None = None,
    checkups: Sequence[Checkup] = (),
    recovered: Sequence[Trouble] = (),
    rules: Sequence[str] = (),
    baselines: str = "",
) -> Message:
    """How the bot is doing: bad news first, then figures."""
    bad = [feed for feed in feeds if feed.error]
    trouble = [f"❌ {code(feed.name)}: {escape(feed.error)}" for feed in bad]
    trouble += health.troubles(checkups)
    if sender_error:
        trouble.append(f"❌ Nothing can be sent: {escape(sender_error)}")
    if picture_error:
        trouble.append(f"⚠️ No pictures in Details: {escape(picture_error)}")
    failed = (job_errors or {}).items()
    trouble += [f"❌ Job {code(name)} failed: {escape(why)}" for name, why in failed]
    trouble += [_failed(page) for page in failed_pages]
    trouble += [
        f"⚠️ Not sent for good: {code(str(send.kind))} of {code(send.subject)}: {escape(send.error)}"
        for send in refused
    ]
    trouble += [
        f"⚠️ Not readable {date(at)}: {code(item.where)}: {escape(item.reason)}"
        for at, item in unreadable
    ]
    trouble += [f"⚠️ {escape(plain(one))}" for one in (*channels, *rules)]
    line = "All is well."
    if trouble:
        need = "thing needs" if len(trouble) == 1 else "things need"
        line = f"{len(trouble):,} {need} a look."
    blocks = [parts.section(f"*Status*: {line}")]
    blocks += [parts.section(one, pointer="…") for one in trouble]
    blocks += [parts.section(_feed(feed)) for feed in feeds if not feed.error]
    blocks.append(parts.section(_pages(pages_to, last_page)))
    blocks += [parts.section(one) for one in health.recovered(recovered)]
    if hushed := parts.quiet(counts):
        blocks.append(parts.section(f"😴 {hushed}"))
    if baselines:
        blocks.append(parts.section(f"📈 {escape(plain(baselines))}"))
    measured = [health.figures(one) for one in checkups]
    if feeds and not measured:
        measured = ["The feeds were not looked at yet: that is done every minute"]
    blocks += [parts.context(line) for line in (*measured, health.latency_line(latency))]
    figures = " · ".join(f"{word} {counts.get(name, 0)}" for name, word in _FIGURES.items())
    blocks.append(parts.context(figures))
    # All of the head: it is copied from here for `ledger verify --head`.
    blocks.append(parts.context(f"Ledger: {ledger_length} links, head {code(ledger_head)}"))
    return fit(Message(text=f"Status: {line}", blocks=blocks), "… more in the log")


def _feed(feed: Feed) -> str:
    last = f", last {date(feed.last_at)}" if feed.last_at else ", none yet"
    return f"✅ {code(feed.name)}: {feed.records} records{last}"


def _pages(topic: str, last: Page | None) -> str:
    """Whether anybody is woken, and when somebody last was."""
    if not topic:
        return (
            "⚠️ No paging topic is set: nobody is woken when nobody takes a critical alert, or when"
            " Slack is down. Set `sns_topic` under `[paging]`."
        )
    went = f"last {date(last.done_at)}: {escape(last.title)}" if last else "none yet"
    return f"📟 Pages go to {code(topic)}, {went}"


def _failed(page: Page) -> str:
    woken = "" if page.state is PageState.WAITING else "; nobody was woken"
    what = f"is tried again (tried {page.attempts}×){woken}"
    return f"❌ Page {what}: {escape(page.title)}: {escape(page.error)}"


def raw_message(record: Record) -> Message:
    """The record as JSON with its secrets blanked, as much of it as one message holds."""
    cleaned = blank(record.raw)
    text = cleaned
    if not isinstance(text, str):
        text = json.dumps(cleaned, ensure_ascii=False, indent=2)
    text = spell_out(text)
    shown = parts.beginning(text, _RAW_SIZE)
    blocks = [parts.section(f"Raw record of {code(record.name, 120)}. Secrets are blanked.")]
    blocks += [parts.preformatted(piece) for piece in _pieces(shown)]
    if len(shown) < len(text):
        rest = f"… {len(text) - len(shown)} characters are left out. "
        where = f"The whole record is in your CloudTrail bucket under event id {code(record.id)}."
        blocks.append(parts.context(rest + where))
    return fit(Message(text=f"Raw record {escape(plain(record.id, 200))}", blocks=blocks), "…")


def _pieces(text: str) -> Iterator[str]:
    """*text* in pieces that one block holds each."""
    while text:
        piece = cut(text, _CHUNK)
        yield piece
        text = text[len(piece) :]
