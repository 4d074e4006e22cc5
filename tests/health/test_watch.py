"""Looking at a source by the minute: a trouble is one alert, through restarts, until it is over."""

from __future__ import annotations

import logging

import msgspec
import pytest

from bot.alerts import judge, status
from bot.health.judging import DEAD, FAILING, LATE, REFUSED, SILENT
from bot.model import Backlog, Condition, Level, SendKind, Verb, Verdict
from bot.slack.cards.health import figures
from bot.store import SqliteStore
from tests.builders import HORIZON, Bell, FakeClock, make_ask
from tests.health.made import Watched


@pytest.fixture
def main(store: SqliteStore, clock: FakeClock) -> Watched:
    """A source, looked at once, that has just spoken."""
    main = Watched(store, clock)
    main.look()
    main.speak(1)
    return main


def test_a_source_that_is_well_leads_to_nothing(main: Watched) -> None:
    """An hour of looks, no alert, nothing to tell."""
    main.pass_by(59)

    assert main.alerts() == []
    assert {one.condition for one in main.watch.checkups()[0].diagnoses} == {Condition.WELL}


def test_a_silent_source_is_one_alert_for_as_long_as_it_is_silent(main: Watched) -> None:
    """It opens when the limit is passed, and says what was measured and what to do."""
    assert main.pass_by(60) == []
    [opened] = main.look(1)

    assert (opened.rule, opened.level) == (SILENT, Level.HIGH)
    assert opened.headline == "No record from main for 1 h 1 min; up to 1 h is usual"
    assert (opened.event_source, opened.target) == ("callwarden", "main")
    assert opened.tags == ("callwarden.feed",)
    assert len(opened.runbook) >= 2
    assert main.pass_by(90) == [opened]
    card = main.store.claim_send(HORIZON, horizon=HORIZON)
    assert card is not None
    assert (card.kind, card.subject) == (SendKind.CARD, opened.id)
    bell = main.bot.outbox
    assert isinstance(bell, Bell)
    assert bell.rings == 1


def test_a_trouble_that_is_over_is_said_by_status_and_resolves_nothing(
    main: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """The alert is people's to resolve; status says from when to when it was."""
    main.pass_by(61)
    since = main.now(SILENT).since
    with caplog.at_level(logging.INFO):
        main.speak(5)

    [alert] = main.alerts()
    assert alert.resolved is None
    assert main.now(SILENT).condition is Condition.WELL
    [over] = status(main.bot).recovered
    assert (over.rule, over.since, over.ended) == (SILENT, since, main.clock.iso)
    assert "main is well again (feed_silent)" in caplog.text
    main.clock.tick(24 * 3_600 + 1)
    assert list(status(main.bot).recovered) == []


def test_after_a_restart_a_trouble_goes_on(main: Watched) -> None:
    """It began when it began, and its alert is the same one."""
    [opened] = main.pass_by(61)
    since = main.now(SILENT).since
    main.start()

    main.look(1)
    assert main.now(SILENT).condition is Condition.UNKNOWN
    assert main.pass_by(10) == [opened]
    assert main.now(SILENT).since == since


def test_the_next_trouble_folds_into_the_open_alert(store: SqliteStore, clock: FakeClock) -> None:
    """One thing for people, seen twice; a resolved one is not touched."""
    main = Watched(store, clock, quiet=10)
    main.look()
    [opened] = main.pass_by(11)
    main.speak(1)
    [folded] = main.pass_by(11)

    assert (folded.id, folded.count) == (opened.id, 2)
    ask = make_ask(opened.id, Verb.RESOLVE, verdict=Verdict.TRUE_POSITIVE, moment=main.clock.iso)
    main.store.decide(ask, judge)
    main.speak(1)
    assert len(main.pass_by(11)) == 2


def test_a_trouble_that_goes_on_is_heard_of_again_each_day(main: Watched) -> None:
    """Also after somebody resolved it: the open alert takes it in, else another opens."""
    [opened] = main.pass_by(61)
    for _ in range(24):
        main.look(60)
    [folded] = main.alerts()
    assert (folded.id, folded.count) == (opened.id, 2)
    ask = make_ask(opened.id, Verb.RESOLVE, verdict=Verdict.EXPECTED, moment=main.clock.iso)
    main.store.decide(ask, judge)

    for _ in range(23):
        main.look(60)
    assert len(main.alerts()) == 1
    main.look(60)
    assert sorted(alert.count for alert in main.alerts()) == [1, 2]


def test_the_limit_is_learned_from_the_silences_that_were(main: Watched) -> None:
    """After one of 30 minutes, two hours are usual; what we were not there to hear is none."""
    main.speak(30)
    assert main.pass_by(120) == []
    assert len(main.look(1)) == 1

    main.speak()
    main.clock.tick(20 * 3_600)
    main.start()
    main.speak(0)
    assert main.store.heard_of("main", main.clock.iso).longest_gap == 121 * 60


def test_a_silence_while_the_source_could_not_be_read_is_not_learned(main: Watched) -> None:
    """It was ours."""
    main.change(error="main: no permission", failing_since=main.clock.iso)
    main.pass_by(40)
    main.change(error="", failing_since="")
    main.speak(1)
    assert main.store.heard_of("main", main.clock.iso).longest_gap <= 60

    main.speak(7)
    assert main.store.heard_of("main", main.clock.iso).longest_gap == 7 * 60


def test_a_setting_goes_before_what_is_learned(store: SqliteStore, clock: FakeClock) -> None:
    """Five minutes are five minutes."""
    main = Watched(store, clock, quiet=5)
    main.look()
    main.speak(1)

    assert main.pass_by(5) == []
    assert [alert.rule for alert in main.look(1)] == [SILENT]


def test_dead_letters_are_an_alert_until_they_are_gone(main: Watched) -> None:
    """The dead-letter queue fills and is emptied."""
    main.backlog = Backlog(waiting=0, dead=1, dead_queue="trail-dead")
    [alert] = main.look(1)
    assert alert.headline == "The dead-letter queue of main (trail-dead) holds 1 message"
    main.backlog = Backlog(waiting=0, dead=3, dead_queue="trail-dead")
    assert main.look(1) == [alert]
    assert "holds 3 messages" in main.now(DEAD).said

    main.backlog = Backlog(waiting=0, dead=0, dead_queue="trail-dead")
    main.look(1)
    assert main.now(DEAD).condition is Condition.WELL
    assert [one.rule for one in status(main.bot).recovered] == [DEAD]


def test_what_may_not_be_asked_neither_begins_nor_ends_a_trouble(
    main: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    """It is unknown, logged once, and the trouble that was stands."""
    unknown = Backlog(waiting=0, dead_queue="trail-dead", unknown="AWS refused it.")
    main.backlog = unknown
    assert main.pass_by(3) == []
    assert caplog.text.count("UNKNOWN: the dead letters of main: AWS refused it.") == 1

    main.backlog = Backlog(waiting=0, dead=1, dead_queue="trail-dead")
    [alert] = main.look(1)
    since = main.now(DEAD).since
    main.backlog = unknown
    main.look(1)
    assert main.now(DEAD).condition is Condition.UNKNOWN
    assert list(status(main.bot).recovered) == []
    main.backlog = Backlog(waiting=0, dead=1, dead_queue="trail-dead")
    assert main.look(1) == [alert]
    assert main.now(DEAD).since == since


def test_late_and_failing_sources_are_alerts_of_their_own(main: Watched) -> None:
    """Two troubles at once, two alerts, each by its rule."""
    main.change(waited=22 * 60.0)
    main.look(1)
    main.change(error="main: AWS refused it.", failing_since=main.clock.iso)
    alerts = main.pass_by(6)

    assert {alert.rule for alert in alerts} == {LATE, FAILING}


def test_what_could_not_be_read_is_an_alert_once_it_did_not_come_again(main: Watched) -> None:
    """A hiccup that is read at its next try is none; an hour later it is over."""
    main.refuse(1)
    main.refuse(2)
    main.store.read_after_all("s3://b/k#1")
    assert main.pass_by(4) == []
    [alert] = main.pass_by(1)
    assert alert.rule == REFUSED
    assert alert.headline.startswith("1 thing that came from main in the last hour")
    assert main.watch.checkups()[0].refused == 1

    main.change(last_at=main.clock.iso)
    main.look(60)
    main.look(1)
    assert main.now(REFUSED).condition is Condition.WELL
    assert main.watch.checkups()[0].refused == 1


def test_a_crash_between_the_finding_and_the_note_of_it_repeats_nothing(
    main: Watched, store: SqliteStore
) -> None:
    """The finding is kept again, as the same one."""
    main.backlog = Backlog(waiting=0, dead=1, dead_queue="trail-dead")
    [alert] = main.look(1)
    trouble = store.trouble("main", DEAD, main.clock.iso)
    store.trouble_told(trouble, 0)

    [again] = main.look(1)

    assert (again.id, again.count) == (alert.id, 1)


def test_a_source_without_a_gauge_is_unknown(main: Watched) -> None:
    """Not well: nobody asked."""
    main.name = "another"
    main.start()
    main.look()

    [checkup] = main.watch.checkups()
    assert checkup.backlog.unknown
    assert main.now(DEAD).condition is Condition.UNKNOWN


def test_the_evidence_of_a_trouble_is_what_was_measured(main: Watched) -> None:
    """The record behind the alert holds the figures that it was judged by."""
    main.backlog = Backlog(waiting=4, dead=2, dead_queue="trail-dead")
    [alert] = main.look(1)
    [record] = main.store.records_of(alert.id)

    assert msgspec.json.decode(record.raw)["backlog"]["dead"] == 2


def test_a_history_that_is_read_no_further_is_late(main: Watched) -> None:
    """An event history has no queue: the age of what was read is judged, and why is said."""
    main.backlog = Backlog(waiting=0, dead=0, behind=840.0)
    assert main.look(1) == []

    main.backlog = Backlog(waiting=0, dead=0, behind=1200.0, why=": it has too many events")
    [alert] = main.look(1)
    assert alert.rule == LATE
    assert alert.headline == "main was last read up to 20 min ago: it has too many events"
    [checkup] = main.checkups()
    assert "history read up to 20 min ago · management events only" in figures(checkup)

    main.backlog = Backlog(waiting=0, dead=0, behind=5.0)
    main.look(1)
    assert main.now(LATE).condition is Condition.WELL
