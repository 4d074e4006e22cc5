"""Nobody takes an alert: who is called, when, and that it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import escalation, snoozes
from bot.alerts import decide, judge
from bot.escalation import Plan, Step
from bot.hours import Hours
from bot.model import (
    Alert,
    AlertState,
    Lane,
    Level,
    Mark,
    Release,
    Scope,
    Send,
    SendKind,
    Verb,
    iso,
)
from bot.ports import Due
from bot.store import SqliteStore
from tests.builders import (
    BEN,
    CHANNEL,
    HORIZON,
    INSTANCE,
    NOON,
    FakeClock,
    judged,
    make_actor,
    make_alert,
    make_ask,
    make_bot,
    make_finding,
    make_record,
    make_triage,
)

PEOPLE = Step(minutes=10, to=("group:S0SOC", "user:U0LEAD", "channel:C0LEADS"))
PAGE = Step(minutes=15, to=("page",))
PLAN = Plan(steps=(PEOPLE, PAGE))
OFFICE = Hours(timezone="Europe/Zurich")


def due(alert: Alert, minutes: float, plan: Plan = PLAN) -> list[Due]:
    """What is due so many minutes after noon."""
    return escalation.due(alert, (), plan, {INSTANCE: "prod"}, NOON + timedelta(minutes=minutes))


def sends(*steps: Due) -> list[Send]:
    """Everything that the steps say in Slack."""
    return [send for step in steps for send in step.sends]


# ── when ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("minutes", "steps"), [(0, 0), (9.99, 0), (10, 1), (14.99, 1), (15, 2), (9_999, 2)]
)
def test_each_step_has_its_time(minutes: float, steps: int) -> None:
    """Not a second before, and still when we look late."""
    assert len(due(make_alert(), minutes)) == steps


@pytest.mark.parametrize("state", [AlertState.TAKEN, AlertState.RESOLVED])
def test_whoever_takes_or_resolves_it_ends_it(state: AlertState) -> None:
    """No step is due any more."""
    assert due(make_alert(state=state), 60) == []


def test_an_alert_that_is_re_opened_begins_anew() -> None:
    """Its minutes count from then, and its steps are others than before."""
    opened = make_alert()
    again = make_alert(reopened=Mark(by=BEN, at=iso(NOON + timedelta(hours=1))))
    assert due(again, 69) == []
    first, second = due(opened, 10), due(again, 70)
    assert first[0].key != second[0].key
    assert not {send.id for send in sends(*first)} & {send.id for send in sends(*second)}
    assert due(opened, 15)[1].pages[0].id != due(again, 75)[1].pages[0].id


def test_a_step_is_for_its_levels() -> None:
    """A medium alert is not paged where the settings speak of criticals only."""
    plan = Plan(steps=(PAGE, Step(minutes=5, to=("group:S0SOC",), levels=(Level.MEDIUM,))))
    medium = due(make_alert(level=Level.MEDIUM), 60, plan)
    assert [step.pages for step in medium] == [()]
    assert [len(step.pages) for step in due(make_alert(), 60, plan)] == [1]


def test_nobody_is_called_about_an_alert_without_a_card() -> None:
    """It has no thread yet, and nobody was shown it. Once it is out its minutes count from then."""
    assert due(make_alert(held="SN-7K2QF"), 60) == []
    shown = Release(held="SN-7K2QF", why="its time is up", at=iso(NOON + timedelta(hours=1)))
    out = make_alert(released=shown)
    assert [len(due(out, minutes)) for minutes in (60, 69, 70, 75)] == [0, 0, 1, 2]


def test_a_clock_that_was_fast_holds_nothing_up() -> None:
    """It showed an hour too much when the alert was opened: its steps come at once, not in 70
    minutes. A few seconds are the drift of a clock and change nothing."""
    assert len(due(make_alert(), -60)) == 2
    assert due(make_alert(), -0.9) == []
    assert "for 1 minute:" in str(due(make_alert(), -60)[-1].sends[0].body["text"])


def test_a_clock_that_was_fast_makes_no_hour_less_quiet() -> None:
    """Those who are not called at night are not called because of it."""
    assert not late_on_friday(Level.LOW, timedelta(hours=-12))
    assert late_on_friday(Level.LOW, timedelta(hours=-2))


EVERY = Plan(steps=(Step(minutes=30, to=("user:U0LEAD",), levels=tuple(Level)),), hours=OFFICE)
FRIDAY = datetime(2026, 11, 20, 16, 45, tzinfo=UTC)
"""17:45 in Zurich; the office closes at 18:00 and opens on Monday at 08:00."""


def late_on_friday(level: Level, after: timedelta) -> bool:
    """Whether the lead is called so long after an alert that came on Friday at 17:45."""
    alert = make_alert(opened_at=iso(FRIDAY), level=level)
    return bool(escalation.due(alert, (), EVERY, {}, FRIDAY + after))


@pytest.mark.parametrize("level", [level for level in Level if level is not Level.CRITICAL])
def test_in_quiet_hours_the_minutes_stand_still(level: Level) -> None:
    """A quarter of an hour is left on Friday; the other is over on Monday at 08:15."""
    monday = timedelta(days=2, hours=14, minutes=30)
    assert not late_on_friday(level, timedelta(minutes=30))
    assert not late_on_friday(level, monday - timedelta(seconds=1))
    assert late_on_friday(level, monday)


def test_no_hour_is_quiet_for_a_critical_alert() -> None:
    """Half an hour is half an hour, at night and at the weekend."""
    assert not late_on_friday(Level.CRITICAL, timedelta(minutes=29))
    assert late_on_friday(Level.CRITICAL, timedelta(minutes=30))


def test_an_alert_that_becomes_critical_is_judged_as_such() -> None:
    """It was opened long ago, and nobody took it: at once."""
    alert = make_alert(opened_at=iso(FRIDAY), level=Level.LOW)
    at = FRIDAY + timedelta(hours=3)
    assert escalation.due(alert, (), EVERY, {}, at) == []
    worse = make_alert(opened_at=iso(FRIDAY), level=Level.CRITICAL)
    assert len(escalation.due(worse, (), EVERY, {}, at)) == 1


@given(st.floats(0, 3000), st.floats(0, 3000), st.sampled_from(Level))
def test_what_was_due_stays_due_and_stays_the_same(one: float, two: float, level: Level) -> None:
    """Whenever we look: the same keys, and never fewer of them; what is taken is not due again,
    and what comes after it is another message."""
    steps = tuple(
        Step(minutes=minutes, to=("group:S0SOC", "user:U0LEAD", "page"), levels=tuple(Level))
        for minutes in (0.5, 60, 600)
    )
    plan = Plan(steps=steps, hours=OFFICE)
    first, later = (due(make_alert(level=level), minutes, plan) for minutes in sorted((one, two)))
    assert [step.key for step in later][: len(first)] == [step.key for step in first]
    taken = [step.key for step in first]
    now = NOON + timedelta(minutes=max(one, two))
    rest = escalation.due(make_alert(level=level), (), plan, {}, now, taken)
    assert [step.key for step in rest] == [step.key for step in later][len(first) :]
    ids = [send.id for send in sends(*first, *rest)]
    assert len(set(ids)) == len(ids)


def test_steps_that_come_due_together_call_everybody_once() -> None:
    """We were down for hours: one mention, one message each, one page; every step is taken."""
    steps = (
        Step(minutes=5, to=("group:S0SOC",)),
        Step(minutes=15, to=("group:S0SOC", "user:U0LEAD", "channel:C0LEADS")),
        Step(minutes=30, to=("page",)),
        Step(minutes=45, to=("user:U0LEAD", "user:U0CISO")),
    )
    every = due(make_alert(), 120, Plan(steps=steps))
    assert [step.entry.body["after_minutes"] for step in every] == [5, 15, 30, 45]
    assert [len(step.sends) + len(step.pages) for step in every[:-1]] == [0, 0, 0]
    told = [(send.kind, send.channel) for send in every[-1].sends[1:]]
    assert told == [
        (SendKind.DM, "U0LEAD"),
        (SendKind.POST, "C0LEADS"),
        (SendKind.DM, "U0CISO"),
    ]
    assert every[-1].sends[0].body["call"] == ["S0SOC", "U0LEAD", "U0CISO"]
    assert len(every[-1].pages) == 1


def test_steps_in_their_time_call_whom_they_name() -> None:
    """Near miss: the first was taken when it was due."""
    steps = (Step(minutes=5, to=("group:S0SOC",)), Step(minutes=15, to=("user:U0LEAD", "page")))
    plan = Plan(steps=steps)
    [first] = due(make_alert(), 5, plan)
    [second] = escalation.due(make_alert(), (), plan, {}, NOON + timedelta(minutes=15), [first.key])
    assert first.sends[0].body["call"] == ["S0SOC"]
    assert second.sends[0].body["call"] == ["U0LEAD"]
    assert len(second.pages) == 1


# ── what ────────────────────────────────────────────────────────────────────


def test_the_thread_names_whom_the_settings_name() -> None:
    """Group and person together in the card's thread; the sentence is ready to be read."""
    [step] = due(make_alert(), 10)
    note = step.sends[0]
    assert (note.kind, note.subject, note.lane) == (SendKind.NOTE, "A-7K2QF", Lane.CRITICAL)
    assert note.body["call"] == ["S0SOC", "U0LEAD"]
    assert note.body["text"] == (
        "Nobody has taken A-7K2QF for 10 minutes: mallory changed a security profile"
    )


def test_a_person_gets_a_direct_message_and_a_channel_a_post() -> None:
    """Who is not in the alert's channel would not hear of a mention there."""
    [step] = due(make_alert(), 10)
    aside = [(send.kind, send.channel) for send in step.sends[1:]]
    assert aside == [(SendKind.DM, "U0LEAD"), (SendKind.POST, "C0LEADS")]
    for send in step.sends[1:]:
        assert send.body["untaken"] == [["A-7K2QF", step.sends[0].body["text"]]]


def test_the_time_is_as_it_is_and_not_as_it_was_planned() -> None:
    """We were away for a while."""
    assert "for 3 hours:" in str(due(make_alert(), 180)[-1].sends[0].body["text"])


def test_the_ledger_says_who_was_called_and_why() -> None:
    """By callwarden, since nobody pressed anything."""
    entry = due(make_alert(), 10)[0].entry
    assert (entry.kind, entry.subject, entry.by) == ("alert.escalate", "A-7K2QF", "callwarden")
    assert entry.body["to"] == list(PEOPLE.to)
    assert (entry.body["after_minutes"], entry.body["open_since"]) == (10, iso(NOON))


def test_two_steps_that_page_at_the_same_time_are_one_page() -> None:
    """Once an alert, however the settings say it; at another time it is another."""
    plan = Plan(
        steps=(PAGE, Step(minutes=15, to=("user:U0LEAD", "page")), Step(minutes=20, to=("page",)))
    )
    first = due(make_alert(), 15, plan)
    taken = [step.key for step in first]
    now = NOON + timedelta(minutes=20)
    then = escalation.due(make_alert(), (), plan, {}, now, taken)
    ids = [[page.id for step in steps for page in step.pages] for steps in (first, then)]
    assert [len(one) for one in ids] == [1, 1]
    assert ids[0] != ids[1]


# ── walking ─────────────────────────────────────────────────────────────────


def keep(store: SqliteStore, *names: str, level: Level = Level.CRITICAL) -> list[str]:
    """An open alert for each name; returns their ids in order."""
    for name in names:
        record = make_record(f"e-{name}", actor=make_actor(name))
        store.keep(judged(make_finding(record, level=level)), make_triage(), iso(NOON))
    return [store.alerts([AlertState.OPEN], actor=name)[0].id for name in names]


def steps_of(store: SqliteStore) -> list[str]:
    """The alerts for which a step was taken, in order."""
    return [link.subject for link in store.links() if link.kind == "alert.escalate"]


def test_every_round_takes_what_is_new(store: SqliteStore, clock: FakeClock) -> None:
    """Each step once, whatever else happened; what was taken by somebody stays quiet."""
    bot = make_bot(store, clock)
    ana, ben = keep(store, "ana", "ben")
    clock.tick(9 * 60)
    escalation.walk(bot, PLAN)
    assert steps_of(store) == []
    clock.tick(60)
    for _ in range(3):
        escalation.walk(bot, PLAN)
    assert sorted(steps_of(store)) == sorted([ana, ben])
    store.decide(make_ask(ana, Verb.TAKE), judge)
    clock.tick(5 * 60)
    escalation.walk(bot, PLAN)
    assert sorted(steps_of(store)) == sorted([ana, ben, ben])
    page = store.claim_page(clock.iso, clock.iso)
    assert (page and page.subject, store.claim_page(clock.iso, clock.iso)) == (ben, None)
    assert store.verify().whole


def test_a_round_that_does_something_wakes_the_sender(store: SqliteStore, clock: FakeClock) -> None:
    """And one that does nothing does not."""
    bot = make_bot(store, clock)
    keep(store, "ana")
    escalation.walk(bot, PLAN)
    assert bot.outbox.rings == 0  # type: ignore[attr-defined]  # the Bell of the builders
    clock.tick(600)
    escalation.walk(bot, PLAN)
    assert bot.outbox.rings == 1  # type: ignore[attr-defined]  # likewise


def test_no_open_alert_is_left_out_however_many_there_are(
    store: SqliteStore, clock: FakeClock
) -> None:
    """More than are read at a time, and behind worse ones that have no step."""
    plan = Plan(steps=(Step(minutes=1, to=("user:U0LEAD",), levels=(Level.LOW,)),))
    keep(store, "worse")
    low = keep(store, *(f"n{number:03}" for number in range(escalation.BATCH + 5)), level=Level.LOW)
    clock.tick(60)
    escalation.walk(make_bot(store, clock), plan)
    assert sorted(steps_of(store)) == sorted(low)


def test_a_flood_is_a_few_messages_to_each_who_is_called(
    store: SqliteStore, clock: FakeClock
) -> None:
    """Three hundred alerts: five mentions in threads, and one message that counts in each place."""
    plan = Plan(steps=(PEOPLE,))
    keep(store, *(f"n{number:03}" for number in range(300)))
    clock.tick(600)
    escalation.walk(make_bot(store, clock), plan)
    assert len(steps_of(store)) == 300
    rows = store.reader.execute(
        "SELECT kind, channel, json_array_length(body, '$.untaken'), json_extract(body, '$.more')"
        " FROM outbox WHERE kind IN ('note', 'dm', 'post') ORDER BY kind, channel"
    ).fetchall()
    assert rows == [
        ("dm", "U0LEAD", 10, 290),
        *[("note", CHANNEL, None, None)] * 5,
        ("post", CHANNEL, 10, 285),
        ("post", "C0LEADS", 10, 290),
    ]


def test_a_call_that_may_have_arrived_takes_no_other_in(
    store: SqliteStore, clock: FakeClock
) -> None:
    """Its words must stay as they were sent; the next alert is a message of its own."""
    plan = Plan(steps=(Step(minutes=10, to=("user:U0LEAD",)),))
    bot = make_bot(store, clock)
    keep(store, "ana")
    clock.tick(600)
    escalation.walk(bot, plan)
    while (send := store.claim_send(clock.iso, horizon=HORIZON)) and send.kind is not SendKind.DM:
        store.send_done(send, CHANNEL, "1.1", clock.iso)
    assert send is not None
    store.send_again(send, clock.iso, "Slack did not answer.", ambiguous=True)
    keep(store, "ben")
    clock.tick(600)
    escalation.walk(bot, plan)
    rows = store.reader.execute("SELECT body FROM outbox WHERE kind = 'dm'").fetchall()
    assert [row[0].count(b"Nobody has taken") for row in rows] == [1, 1]


def test_without_steps_nothing_is_read(store: SqliteStore, clock: FakeClock) -> None:
    """No setting, no work."""
    keep(store, "ana")
    clock.tick(86_400)
    escalation.walk(make_bot(store, clock), Plan())
    assert steps_of(store) == []


def test_nobody_is_called_about_what_is_snoozed(store: SqliteStore, clock: FakeClock) -> None:
    """Once the snooze is over they are, for all the time that nobody has taken it."""
    (alert,) = keep(store, "mallory")
    bot = make_bot(store, clock)
    ask = make_ask(alert, Verb.SNOOZE, note="a drill", moment=clock.iso)
    snoozes.decide(bot, msgspec.structs.replace(ask, scope=Scope.ALERT, hours=1))
    clock.tick(3_599)
    escalation.walk(bot, PLAN)
    assert steps_of(store) == []

    clock.tick(1)
    snoozes.end_those_due(bot)
    escalation.walk(bot, PLAN)

    assert len(steps_of(store)) == 2


def handed_over(store: SqliteStore, clock: FakeClock, level: Level) -> str:
    """The id of an alert that Ana has handed to Cam, 8 minutes after it opened."""
    store.keep(judged(make_finding(level=level)), make_triage(), clock.iso)
    (alert,) = store.alerts([AlertState.OPEN])
    clock.tick(8 * 60)
    bot = make_bot(store, clock)
    decide(bot, make_ask(alert.id, Verb.HAND_OVER, key="h", moment=clock.iso))
    return alert.id


def test_a_critical_alert_that_was_handed_over_escalates_until_somebody_has_it(
    store: SqliteStore, clock: FakeClock
) -> None:
    """Its minutes count from the hand-over; the page says who sleeps; a press ends it."""
    alert_id = handed_over(store, clock, Level.CRITICAL)
    bot, plan = make_bot(store, clock), Plan(steps=(PAGE,))
    clock.tick(14 * 60)
    escalation.walk(bot, plan)
    assert store.claim_page(clock.iso, iso(clock.now())) is None

    clock.tick(61)
    escalation.walk(bot, plan)
    page = store.claim_page(clock.iso, iso(clock.now()))
    assert page is not None
    said = f"{alert_id} was handed to Cam 15 minutes ago, and they have not said that"
    assert page.text.splitlines()[0] == f"{said} they have it."

    decide(bot, make_ask(alert_id, by=BEN, moment=clock.iso))
    clock.tick(3600)
    escalation.walk(bot, Plan(steps=(PAGE, Step(minutes=30, to=("page",)))))
    assert store.claim_page(clock.iso, iso(clock.now())) is None


def test_what_is_less_than_critical_ends_with_the_hand_over(
    store: SqliteStore, clock: FakeClock
) -> None:
    """Nobody is woken for it, so nobody has to say that they are awake."""
    handed_over(store, clock, Level.HIGH)
    clock.tick(3600)
    step = Step(minutes=15, to=("page",), levels=(Level.HIGH,))
    escalation.walk(make_bot(store, clock), Plan(steps=(step,)))
    assert store.claim_page(clock.iso, iso(clock.now())) is None
