"""What a page says, and when Slack's silence is one: pure.

Level, headline, who, where and id. No secret, and phone numbers only by their last two digits: a
page travels by SMS and e-mail, and stands on a locked screen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.hours import spoken
from bot.model import (
    PAGING,
    SLACK,
    Alert,
    Entry,
    Lane,
    Level,
    Page,
    PageKind,
    Send,
    SendKind,
    Storm,
    Tally,
    cut,
    iso,
    page_id,
    send_id,
)
from bot.ports import Contact

BY = "callwarden"
"""Who does what nobody pressed for."""

TOGETHER = 5
"""More pages about alerts than these, due at once, go as one."""

_NAMED_TOGETHER = 10
_MUTED = (
    " It is tried again every few minutes. Look after open alerts yourselves until then;"
    " `callwarden page test` says whether it works."
)
_PHONE = re.compile(r"\+\d[\d ().-]{4,}(?=\d\d)")


# ── about alerts ────────────────────────────────────────────────────────────


def untaken(
    alert: Alert, for_how_long: timedelta, instances: Mapping[str, str], occasion: str
) -> Page:
    """Nobody takes *alert*. The same *occasion* gives the same page."""
    first = f"{waits(alert, for_how_long)}."
    return _about(alert, PageKind.UNTAKEN, occasion, "nobody has taken it", first, instances)


def waits(alert: Alert, for_how_long: timedelta) -> str:
    """Since when nobody has *alert*, and who should. No full stop."""
    if alert.taken is None:
        return f"Nobody has taken {alert.id} for {spoken(for_how_long)}"
    who = _short(alert.taken.by.name or alert.taken.by.user, 80)
    return (
        f"{alert.id} was handed to {who} {spoken(for_how_long)} ago, and they have not said that"
        " they have it"
    )


def unheard(alert: Alert, call: Send, instances: Mapping[str, str]) -> Page:
    """Slack refused for good to tell somebody that nobody takes *alert*. Once a *call*."""
    first = f"Slack does not tell {call.channel} that nobody takes {alert.id}: "
    first += _short(call.error, 200)
    title = "nobody has taken it, and a call was refused"
    return _about(alert, PageKind.UNTAKEN, f"unheard {call.id}", title, first, instances)


def unseen(alert: Alert, error: str, instances: Mapping[str, str]) -> Page:
    """Slack refused the card of *alert* for good. Once an alert."""
    first = f"Slack does not show {alert.id}: {_short(error, 200)}"
    return _about(alert, PageKind.UNSEEN, "", "Slack does not show it", first, instances)


def unseen_storm(storm: Storm, tally: Tally, error: str) -> Page:
    """Slack refused the message of *storm* for good. Once a storm, for all that it holds back."""
    level = next(iter(tally.unresolved), Level.INFORMATIONAL)
    name = level.value.capitalize()
    left = sum(tally.unresolved.values())
    lines = (
        f"Slack does not show the storm {storm.id}: {_short(error, 200)}",
        f"It holds back {left} alerts that nobody has resolved. The worst level: {name}.",
        f"Rules: {_short(', '.join(rule for rule, _ in tally.rules), 120)}",
        f"Who: {_short(', '.join(actor for actor, _ in tally.actors), 120)}",
    )
    return Page(
        id=page_id(PageKind.UNSEEN, storm.id, ""),
        kind=PageKind.UNSEEN,
        subject=storm.id,
        level=level,
        title=f"{name} {storm.id}: Slack does not show a storm of {left} alerts",
        text="\n".join(lines),
    )


def left_sentence(storm: Storm, left: Mapping[Level, int], for_how_long: timedelta) -> str:
    """That nobody takes what *storm* held back: *left* is how many of each level."""
    worst = sorted(left, key=lambda level: -level.rank)
    number = sum(left.values())
    counted = ", ".join(f"{left[level]:,} {level.value}" for level in worst)
    alerts = "an alert" if number == 1 else f"{number:,} alerts"
    return (
        f"Nobody has taken {alerts} that the storm {storm.id} held back, for"
        f" {spoken(for_how_long)}: {counted}"
    )


def left_behind(
    storm: Storm, left: Mapping[Level, int], for_how_long: timedelta, occasion: str
) -> Page:
    """One page for all that nobody takes of what *storm* held back."""
    worst = max(left, key=lambda level: level.rank)
    return Page(
        id=page_id(PageKind.UNTAKEN, storm.id, occasion),
        kind=PageKind.UNTAKEN,
        subject=storm.id,
        level=worst,
        title=f"{worst.value.capitalize()} {storm.id}: nobody has taken what a storm held back",
        text=f"{left_sentence(storm, left, for_how_long)}.\nIn Slack, /callwarden alerts storm"
        f" {storm.id} lists them.",
    )


def _about(
    alert: Alert,
    kind: PageKind,
    occasion: str,
    title: str,
    first: str,
    instances: Mapping[str, str],
) -> Page:
    level = alert.level.value.capitalize()
    place = (instances.get(alert.instance) or alert.instance, alert.account, alert.region)
    lines = (
        first,
        f"{level}: {_short(alert.headline, 200)}",
        f"Who: {_short(alert.actor.name or alert.actor.principal, 80)}",
        f"Where: {_short(', '.join(filter(None, place)), 120)}",
    )
    return Page(
        id=page_id(kind, alert.id, occasion),
        kind=kind,
        subject=alert.id,
        level=alert.level,
        title=f"{level} {alert.id}: {title}",
        text="\n".join(lines),
    )


def together(pages: Sequence[Page]) -> Page:
    """One page in place of many about alerts, worst first."""
    worst = sorted(pages, key=lambda page: (-page.level.rank, page.subject, page.id))
    names = ", ".join(page.subject for page in worst[:_NAMED_TOGETHER])
    more = f" and {len(pages) - _NAMED_TOGETHER} more" if len(pages) > _NAMED_TOGETHER else ""
    level = worst[0].level
    return Page(
        id=page_id(worst[0].kind, worst[0].subject, "\n".join(page.id for page in worst)),
        kind=worst[0].kind,
        subject=worst[0].subject,
        level=level,
        title=f"{level.value.capitalize()}: {len(pages)} alerts need somebody",
        text=f"{len(pages)} alerts need somebody: {names}{more}. The worst:\n{worst[0].text}",
    )


# ── about Slack ─────────────────────────────────────────────────────────────


def watch(
    contact: Contact,
    last: Page | None,
    patience: timedelta,
    now: datetime,
    waiting: Callable[[], int],
) -> Page | None:
    """The page that Slack's silence, or its end, is worth now.

    *last* is the last page about either; *waiting* counts the messages that wait. Once an
    outage, also where we were started anew in the middle of it, and once when it is over.
    """
    down = last is not None and last.kind is PageKind.SLACK_DOWN
    if contact.lost_for >= patience and not down:
        return _down(contact, now, waiting())
    if last is not None and down and contact.answered and not contact.why:
        return _back(last)
    return None


def _down(contact: Contact, now: datetime, waiting: int) -> Page:
    since = now - contact.lost_for
    return Page(
        id=page_id(PageKind.SLACK_DOWN, SLACK, iso(since)),
        kind=PageKind.SLACK_DOWN,
        subject=SLACK,
        level=Level.CRITICAL,
        title="Callwarden cannot reach Slack",
        text=(
            f"Callwarden cannot reach Slack since {since:%H:%M} UTC: {_short(contact.why, 200)}\n"
            f"Messages that wait: {waiting}. Alerts are stored and posted once Slack is back; "
            "until then only pages reach you."
        ),
    )


def _back(down: Page) -> Page:
    return Page(
        id=page_id(PageKind.SLACK_BACK, SLACK, down.id),
        kind=PageKind.SLACK_BACK,
        subject=SLACK,
        level=Level.INFORMATIONAL,
        title="Callwarden reaches Slack again",
        text="Callwarden reaches Slack again. What waited is being posted.",
    )


# ── about paging itself ─────────────────────────────────────────────────────


def muted(why: str, now: datetime, channel: str) -> Send:
    """Said in *channel*: nobody can be paged any more, because of *why*."""
    return _said(f"Nobody can be paged since {now:%H:%M} UTC: {why}{_MUTED}", True, now, channel)


def unmuted(now: datetime, channel: str) -> Send:
    """Said in *channel*: pages go out again."""
    return _said("Pages go out again; what still needs somebody is paged now.", False, now, channel)


def is_muted(last: Send | None) -> bool:
    """Whether the *last* that was said of it is that nobody can be paged."""
    return last is not None and bool(last.body.get("muted"))


def _said(text: str, muted: bool, now: datetime, channel: str) -> Send:
    return Send(
        id=send_id(PAGING, SendKind.POST, f"{muted} {iso(now)}"),
        kind=SendKind.POST,
        subject=PAGING,
        channel=channel,
        lane=Lane.CRITICAL,
        body={"text": text, "muted": muted},
    )


# ── the rest ────────────────────────────────────────────────────────────────


def trial(now: datetime) -> Page:
    """What `callwarden page test` sends."""
    return Page(
        id=page_id(PageKind.TEST, BY, iso(now)),
        kind=PageKind.TEST,
        subject=BY,
        level=Level.INFORMATIONAL,
        title="Callwarden: a test page",
        text=f"This is a test of Callwarden's pages, sent at {now:%Y-%m-%d %H:%M} UTC. "
        "Nothing has happened.",
    )


def entry(page: Page, what: str, at: str, **more: object) -> Entry:
    """The line of the ledger: the page was sent, refused or dropped."""
    body = {"page": page.id, "why": page.kind, "level": page.level, "tries": page.attempts}
    return Entry(kind=f"page.{what}", subject=page.subject, by=BY, at=at, body=body | more)


def _short(text: str, limit: int) -> str:
    """*text* on one line, without what cannot be shown and phone numbers, cut at *limit*."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    shown = _PHONE.sub("…", " ".join(shown.split())) or "unknown"
    return shown if len(shown) <= limit else cut(shown, limit - 1) + "…"
