"""When a storm begins and ends, by arithmetic alone, and what lets an alert out of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.model import Lane, Level, Release, SendKind, Storm, iso
from bot.ports import Watched
from bot.storms import NEVER, Storms, brought_out
from tests.builders import ANA, CHANNEL, NOON, kinds, make_alert

NOW = iso(NOON)


def storms(cards_per_minute: int = 20, calm: float = 60) -> Storms:
    """The rules, as the settings' defaults have them."""
    return Storms(cards_per_minute=cards_per_minute, calm=timedelta(seconds=calm))


def later(seconds: float) -> str:
    """So long after noon."""
    return iso(NOON + timedelta(seconds=seconds))


def arriving(*seconds: float) -> Callable[[str], int]:
    """Cards arrived so many seconds after noon."""
    moments = [later(one) for one in seconds]
    return lambda since: sum(one > since for one in moments)


def a_storm(**changes: str) -> Storm:
    """One that began at noon; its message stands."""
    fields = {"id": "ST-7K2QF0", "channel": CHANNEL, "began_at": NOW, "place": CHANNEL, "ts": "9.1"}
    return Storm(**(fields | changes))  # type: ignore[arg-type]  # all of them are strings


def watch(
    rules: Storms, storm: Storm | None, arrived: Callable[[str], int], now: str = NOW
) -> Watched:
    """What becomes of the channel's cards."""
    return rules.watch(CHANNEL, storm, arrived, now)


# ── the beginning ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(("cards", "begins"), [(20, False), (21, True)])
def test_a_storm_begins_above_the_rate(cards: int, begins: bool) -> None:
    """As many as the settings say are posted; one more within the minute is too many."""
    watched = watch(storms(), None, arriving(*[0.5] * cards), later(1))

    assert watched.holds is begins
    assert (watched.storm is not None) is begins


def test_what_came_a_minute_ago_does_not_count() -> None:
    """Forty cards in two minutes are no storm."""
    arrived = arriving(*[1.0] * 20, *[61.0] * 20)

    assert not watch(storms(), None, arrived, later(61)).holds


def test_its_beginning_is_posted_and_in_the_ledger() -> None:
    """The message goes at once, into the ordinary lane: criticals are before it."""
    watched = watch(storms(), None, arriving(*[0.5] * 30), later(1))

    storm, entry = watched.storm, watched.entry
    assert storm is not None
    assert entry is not None
    [send] = watched.sends
    assert (send.kind, send.lane, send.subject) == (SendKind.CARD, Lane.ORDINARY, storm.id)
    assert (send.channel, send.due_at) == (CHANNEL, later(1))
    assert (entry.kind, entry.by, entry.subject) == ("storm.begin", "callwarden", storm.id)
    assert entry.body == {"channel": CHANNEL, "cards": 30, "per_minute": 20}


def test_without_the_rule_no_flood_is_a_storm() -> None:
    """Folding that was given no rule posts everything."""
    assert not watch(NEVER, None, arriving(*[0.5] * 10_000), later(1)).holds


# ── going on ────────────────────────────────────────────────────────────────


def test_while_it_lasts_the_message_is_edited_a_while_later() -> None:
    """So that a thousand alerts are one edit."""
    watched = watch(storms(), a_storm(), arriving(*[9.0] * 30), later(10))

    [send] = watched.sends
    assert (watched.holds, watched.entry) == (True, None)
    assert (send.kind, send.lane, send.due_at) == (SendKind.EDIT, Lane.QUIET, later(15))


def test_a_message_that_does_not_stand_is_asked_for_again() -> None:
    """It may have been refused: then it is tried again, and an edit would find nothing."""
    watched = watch(storms(), a_storm(ts="", place=""), arriving(*[9.0] * 30), later(10))

    assert kinds(watched.sends) == ["card"]


# ── the end ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("cards", "ends"), [(6, True), (7, False)])
def test_it_ends_below_a_third_of_the_rate(cards: int, ends: bool) -> None:
    """A third of twenty a minute are six and two thirds."""
    watched = watch(storms(), a_storm(), arriving(*[100.0] * cards), later(120))

    assert watched.holds is not ends


def test_it_lasts_at_least_as_long_as_the_calm_must() -> None:
    """However few came since it began."""
    assert watch(storms(), a_storm(), arriving(), later(59)).holds
    assert not watch(storms(), a_storm(), arriving(), later(60)).holds


def test_a_long_calm_is_measured_over_all_of_it() -> None:
    """Ten minutes at three a minute are calm, at eight a minute they are not."""
    rules = storms(calm=600)
    for cards, holds in ((30, False), (80, True)):
        arrived = arriving(*[650.0] * cards)
        assert watch(rules, a_storm(), arrived, later(660)).holds is holds


def test_its_end_is_in_the_ledger_and_said() -> None:
    """The message becomes the report, and a line in its thread says so."""
    watched = watch(storms(), a_storm(), arriving(), later(90))

    storm, entry = watched.storm, watched.entry
    assert storm is not None
    assert entry is not None
    assert storm.ended_at == later(90)
    assert (entry.kind, entry.by, entry.subject) == ("storm.end", "callwarden", storm.id)
    assert kinds(watched.sends) == ["edit", "note"]
    assert watched.sends[0].due_at == later(90)


def test_a_clock_that_was_set_back_does_not_keep_it_on() -> None:
    """It began, says the clock, an hour from now; nothing has arrived since."""
    assert not watch(storms(), a_storm(began_at=later(3600)), arriving(), NOW).holds


# ── what is held back ───────────────────────────────────────────────────────


@pytest.mark.parametrize("level", Level)
def test_only_critical_alerts_never_wait(level: Level) -> None:
    """Whatever the flood."""
    assert Storms.may_wait(make_alert(level=level)) is (level is not Level.CRITICAL)


def test_who_asks_for_a_held_alert_gets_its_card() -> None:
    """Once: then it is like any other."""
    held = Storms.held_back(make_alert(level=Level.HIGH), a_storm())
    assert (held.in_storm, held.storm) == (True, "ST-7K2QF0")

    out = brought_out(held, ANA, NOW)

    assert out is not None
    assert kinds(out.sends) == ["card"]
    assert (out.alert.in_storm, out.alert.storm) == (False, "ST-7K2QF0")
    assert out.alert.released == Release(held="ST-7K2QF0", why="Ana opened it", at=NOW)
    assert out.entry is not None
    assert (out.entry.kind, out.entry.by) == ("alert.out", ANA.user)
    assert brought_out(out.alert, ANA, NOW) is None


def test_what_a_snooze_keeps_quiet_stays_so() -> None:
    """People wanted that, so looking at it changes nothing."""
    assert brought_out(make_alert(held="SN-7K2QF"), ANA, NOW) is None
