"""The card of an alert, the lines in its thread, and lists of alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.model import Alert, AlertState, Decision, Snooze, Verb
from bot.slack import parts
from bot.slack.lint import BLOCKS, FALLBACK, Message, fit
from bot.slack.parts import Block
from bot.slack.text import code, date, escape, plain, shorten, summon

_NEWS_SHOWN = 5
_STEPS_SHOWN = 4
_HISTORY_SHOWN = 3
_NOTE_SHOWN = 300
_SAID_BY_STATE = {
    AlertState.OPEN: {Verb.REOPEN},
    AlertState.TAKEN: {Verb.TAKE, Verb.HAND_OVER},
    AlertState.RESOLVED: {Verb.RESOLVE},
}

_SAID_IN_THREAD = {
    *(Verb.NOTE, Verb.SNOOZE, Verb.AGREE, Verb.WAKE),
    *(Verb.EXCEPT, Verb.AGREE_EXCEPT, Verb.UNEXCEPT),
}


def alert_card(
    alert: Alert,
    *,
    instances: Mapping[str, str],
    history: Sequence[Decision] = (),
    snoozes: Sequence[Snooze] = (),
) -> Message:
    """The card as the alert is now: full while it is open, short and calm once it is resolved.

    *instances* names Connect instances by id; *history* are accepted decisions, oldest first;
    *snoozes* are those asked for or on that are for it. Within Slack's limits for any alert.
    """
    if alert.resolved:
        blocks = _resolved(alert, instances, history)
    else:
        blocks = _live(alert, instances, history, snoozes)
    return fit(Message(text=_fallback(alert, instances), blocks=blocks))


def _live(
    alert: Alert,
    instances: Mapping[str, str],
    history: Sequence[Decision],
    snoozes: Sequence[Snooze],
) -> list[Block]:
    blocks = [parts.header(f"{_level(alert)}: {alert.headline}")]
    if alert.news:
        blocks.append(parts.section(_news(alert)))
    blocks += [parts.section(_facts(alert, instances)), parts.section(parts.state(alert))]
    blocks += [parts.section(parts.snooze(one)) for one in snoozes]
    buttons = [
        parts.button("Resolve…", parts.RESOLVE, alert.id),
        parts.button("Details", parts.DETAILS, alert.id),
        parts.menu(alert.id, "snooze", "mute", "expect", "hand_over", "note"),
    ]
    if alert.awaited or not alert.taken:
        label = "I have it" if alert.awaited else "Take it"
        buttons.insert(0, parts.button(label, parts.TAKE, alert.id, style="primary"))
    blocks.append(parts.actions(*buttons))
    if alert.why:
        blocks.append(parts.section(f"*Why it matters*\n{escape(alert.why)}"))
    if alert.runbook:
        more = "\n… more in Details" if len(alert.runbook) > _STEPS_SHOWN else ""
        steps = parts.steps(alert.runbook[:_STEPS_SHOWN])
        blocks.append(parts.section(f"*What to do*\n{steps}{more}"))
    return [*blocks, *_late(alert), *_history(alert, history), _foot(alert)]


def _late(alert: Alert) -> list[Block]:
    """Why the card comes so long after what it is about."""
    if alert.released is None:
        return []
    held, why = escape(alert.released.held), escape(plain(alert.released.why, 300))
    return [parts.context(f"Held back by {held} until {date(alert.released.at)}: {why}")]


def _resolved(
    alert: Alert, instances: Mapping[str, str], history: Sequence[Decision]
) -> list[Block]:
    blocks = [parts.header(f"✅ {alert.headline}"), parts.section(parts.state(alert))]
    if alert.note:
        blocks.append(parts.small(f"Note: {alert.note}"))
    facts = f"{parts.who(alert.actor)} · {parts.where(alert, instances)}"
    blocks += [parts.context(f"{facts}\n{parts.during(alert)}"), *_history(alert, history)]
    buttons = (
        parts.button("Details", parts.DETAILS, alert.id),
        parts.menu(alert.id, "reopen", "expect", "note"),
    )
    return [*blocks, _foot(alert), parts.actions(*buttons)]


def _facts(alert: Alert, instances: Mapping[str, str]) -> str:
    return "\n".join(
        (
            f"*Who:* {parts.who(alert.actor)}",
            f"*What:* {parts.what(alert)}",
            f"*Where:* {parts.where(alert, instances)}",
            f"*When:* {parts.during(alert)}",
        )
    )


def _news(alert: Alert) -> str:
    lines = [f"🆕 *New:* {parts.news(line)}" for line in alert.news[-_NEWS_SHOWN:]]
    earlier = len(alert.news) - len(lines)
    return "\n".join([*([f"… {earlier} earlier in Details"] if earlier else []), *lines])


def _history(alert: Alert, history: Sequence[Decision]) -> list[Block]:
    """Decisions that the state's line does not tell already, and the last note."""
    told = _SAID_BY_STATE[alert.state] | _SAID_IN_THREAD
    told |= {Verb.HAND_OVER} if alert.awaited else set()
    lines = [parts.did(one) for one in history if one.accepted and one.ask.verb not in told]
    blocks = [parts.context(" · ".join(lines[-_HISTORY_SHOWN:]))] if lines else []
    notes = [one for one in history if one.accepted and one.ask.verb is Verb.NOTE]
    if notes:
        more = f" ({len(notes) - 1} more in Details)" if len(notes) > 1 else ""
        said = escape(plain(notes[-1].ask.note, _NOTE_SHOWN))
        blocks.append(parts.context(f"📝 {parts.did(notes[-1])}{more}: {said}"))
    return blocks


def _foot(alert: Alert) -> Block:
    level = f" · {_level(alert)}" if alert.resolved else ""
    return parts.context(f"*{escape(alert.id)}*{level} · rule {code(alert.rule, 80)}")


def _level(alert: Alert) -> str:
    return f"{parts.SIGNS[alert.level]} {alert.level.value.capitalize()}"


def _fallback(alert: Alert, instances: Mapping[str, str]) -> str:
    """What a phone's lock screen shows: level and headline, then who, where and id."""
    place = instances.get(alert.instance) or alert.instance or alert.account or alert.region
    first = f"{_level(alert)}: {escape(plain(alert.headline, 200))}"
    named = escape(plain(alert.actor.name or alert.actor.principal, 80))
    second = f"{named} · {escape(plain(place, 80))} · {escape(alert.id)}"
    if alert.resolved:
        first = f"✅ Resolved. {first}"
    elif alert.taken:
        how = "handed to" if alert.awaited else "taken by"
        second += f" · {how} {escape(alert.taken.by.name) or 'somebody'}"
    return shorten(f"{first}\n{second}", FALLBACK)


def decision_note(decision: Decision) -> Message:
    """A decision, as a line in the card's thread."""
    ask = decision.ask
    blocks = [parts.section(parts.did(decision))]
    if ask.note:
        blocks.append(parts.literal(f"Note: {ask.note}"))
    spoken = escape(plain(f"{ask.by.name or 'Somebody'}: {decision.sentence}", 300))
    return fit(Message(text=spoken, blocks=blocks))


def call_note(ids: Sequence[str], sentence: str) -> Message:
    """*sentence* in the card's thread, for the people and user groups with these *ids*."""
    called = " ".join(filter(None, map(summon, ids)))
    said = f"{called} {escape(plain(sentence))}".strip()
    return fit(Message(text=shorten(said, FALLBACK), blocks=[parts.section(f"⏰ {said}")]))


def untaken_note(
    untaken: Sequence[tuple[str, str]],
    more: int = 0,
    called: Sequence[str] = (),
    first: str = "",
) -> Message:
    """The alerts that nobody takes as (id, sentence), for a person, for another channel, or for
    those *called* in place of one mention a thread; *more* counts alerts that are left out, and
    *first* is said before them."""
    names = " ".join(filter(None, map(summon, called)))
    if len(untaken) == 1 and not more:
        [(alert, sentence)] = untaken
        lines = [f"{sentence}. /callwarden alert {alert} shows it."]
    else:
        lines = [f"Nobody has taken {len(untaken) + more} alerts:"]
        lines += [f"• {sentence}" for _, sentence in untaken]
        lines += [f"… and {more} more."] if more else []
        lines.append("/callwarden alerts open lists them.")
    shown = [plain(line) for line in ([first] if first else []) + lines]
    said = f"{names} {chr(10).join(escape(line) for line in shown)}".strip()
    blocks = [parts.section(f"⏰ {names}")] if names else []
    blocks += [parts.literal(line) for line in shown]
    return fit(Message(text=shorten(said, FALLBACK), blocks=blocks))


def news_note(lines: Sequence[str], more: int = 0) -> Message:
    """New context, as a message in the card's thread; *more* counts lines left out."""
    shown = [f"🆕 *New:* {parts.news(line)}" for line in lines]
    if more:
        shown.append(f"… and {more} more; the last are in Details")
    spoken = "New: " + "; ".join(escape(plain(line, 200)) for line in lines)
    blocks = [parts.section("\n".join(shown) or "Nothing new.")]
    return fit(Message(text=shorten(spoken, FALLBACK), blocks=blocks))


_WORDS_SHOWN = 60
_NONE = {
    "open": "No alert is open.",
    "mine": "You have no open alert.",
    "resolved": "No alert is resolved.",
    "all": "There is no alert yet.",
}


def alert_list(
    alerts: Sequence[Alert],
    words: str = "open",
    *,
    offset: int = 0,
    total: int | None = None,
    step: int = 8,
    quiet: Mapping[str, int] | None = None,
) -> Message:
    """A page of alerts, one below the other, each with its Details button.

    *words* are what was asked for; the page begins at *offset* of *total* (None: these are all),
    and a whole page has *step* alerts. *quiet* counts what is kept quiet, as `Store.quiet` does.
    """
    aside = [parts.context(line)] if (line := parts.quiet(quiet or {})) else []
    total = len(alerts) if total is None else total
    if not alerts:
        none = _NONE.get(words) or f"No alert matches: {words}."
        return Message(text=none, blocks=[parts.literal(none), *aside])
    last = offset + len(alerts)
    place = f"{offset + 1:,} to {last:,} of {total:,}, worst first"
    title = f"Alerts, {plain(words, _WORDS_SHOWN)}: {place}"
    blocks = [parts.header(title)]
    for alert in alerts[: BLOCKS - 3]:
        details = parts.button("Details", parts.DETAILS, alert.id)
        blocks.append(parts.section(_entry(alert), accessory=details))
    blocks += [*aside, *parts.turning(words, offset, len(alerts), total, step)]
    return fit(Message(text=plain(title), blocks=blocks))


def _entry(alert: Alert) -> str:
    sign = "✅" if alert.resolved else parts.SIGNS[alert.level]
    first = f"{sign} *{escape(alert.id)}* {escape(plain(alert.headline, 150))}"
    times = f"×{alert.count:,} · last " if alert.count > 1 else ""
    held = (
        f"\nNo card yet: held back by {code(alert.held)}"
        if alert.held and not alert.inhibited
        else ""
    )
    return f"{first}\n{parts.briefly(alert)} · {times}{date(alert.last_time)}{held}"
