"""What every store keeps of how we are doing ourselves."""

from __future__ import annotations

from datetime import timedelta

from bot.model import (
    OWN_SOURCE,
    AlertState,
    Heard,
    Level,
    Send,
    SendKind,
    Trouble,
    Unreadable,
    iso,
)
from bot.ports import Store
from bot.storms import Storms
from tests.builders import CHANNEL, HORIZON, NOON, judged, make_finding, make_record, make_triage
from tests.store.conftest import Open

NOW = iso(NOON)
TRIAGE = make_triage()


def after(seconds: float) -> str:
    """So long after noon."""
    return iso(NOON + timedelta(seconds=seconds))


# ── how soon cards come ─────────────────────────────────────────────────────


def open_one(memory: Store, event: str = "e-1", source: str = "connect.amazonaws.com") -> Send:
    """An alert about a record of noon; returns its card, claimed."""
    record = make_record(event, source=source)
    memory.keep(judged(make_finding(record, rule=f"rule_{event}", fold=(event,))), TRIAGE, NOW)
    card = memory.claim_send(HORIZON, horizon=HORIZON)
    assert card is not None
    assert card.kind is SendKind.CARD
    return card


def test_a_first_card_tells_how_soon_it_came(open_again: Open) -> None:
    """From the record's eventTime, in seconds; newest first; also after a restart."""
    memory = open_again()
    for number, seconds in enumerate((12.5, 300.0)):
        memory.send_done(open_one(memory, f"e-{number}"), CHANNEL, f"{number}.1", after(seconds))

    assert open_again().delays(NOW, 10) == [300.0, 12.5]
    assert open_again().delays(NOW, 1) == [300.0]
    assert open_again().delays(after(300.1), 10) == []


def test_only_first_cards_about_records_count(memory: Store) -> None:
    """A card posted anew was seen before, and what we say of ourselves has no record by AWS."""
    card = open_one(memory)
    memory.send_done(card, CHANNEL, "1.1", after(5))
    again = Send(id="anew", kind=SendKind.CARD, subject=card.subject, channel=CHANNEL)
    memory.queue([again], NOW)
    claimed = memory.claim_send(HORIZON, horizon=HORIZON)
    assert claimed is not None
    memory.send_done(claimed, CHANNEL, "2.1", after(900))
    memory.send_done(open_one(memory, "own", OWN_SOURCE), CHANNEL, "3.1", after(900))

    assert memory.delays(NOW, 10) == [5.0]


def test_a_card_that_was_held_back_does_not_count(memory: Store) -> None:
    """It came hours late because somebody wanted it quiet, or a storm was on."""
    keep_quiet = Storms(cards_per_minute=2, calm=timedelta(seconds=10))
    for number in range(4):
        finding = make_finding(make_record(f"e-{number}"), level=Level.HIGH, fold=(str(number),))
        memory.keep(judged(finding), make_triage(storms=keep_quiet), NOW)
    memory.settle_storms(keep_quiet, after(60))
    memory.show_after_storms(keep_quiet, after(3_600), since=NOW, least=Level.HIGH)
    while (send := memory.claim_send(after(3_600), horizon=HORIZON)) is not None:
        memory.send_done(send, CHANNEL, "1.1", after(3_600))
    assert [alert.ts for alert in memory.alerts([AlertState.OPEN])].count("1.1") == 1
    assert memory.delays(NOW, 10) == []


def test_a_clock_behind_awss_shows_no_card_from_before_its_record(memory: Store) -> None:
    """It came at once, then."""
    memory.send_done(open_one(memory), CHANNEL, "1.1", after(-3))

    assert memory.delays(after(-10), 10) == [0.0]


def test_what_is_remembered_of_cards_is_bounded(memory: Store) -> None:
    """The newest thousand; a year of alerts is no larger."""
    for number in range(1_003):
        memory.send_done(open_one(memory, f"e-{number}"), CHANNEL, f"{number}.1", after(number))

    kept = memory.delays(NOW, 5_000)
    assert (len(kept), kept[0], kept[-1]) == (1_000, 1_002.0, 3.0)


# ── how the sources are doing ───────────────────────────────────────────────


def test_a_source_is_watched_from_the_first_asking_on(open_again: Open) -> None:
    """Nothing has come yet; also after a restart it is known since when it should have."""
    assert open_again().heard_of("main", NOW) == Heard(since=NOW)
    assert open_again().heard_of("main", after(60)) == Heard(since=NOW)


def test_the_longest_silence_of_seven_days_is_remembered(open_again: Open) -> None:
    """By source and day; what lies more than seven days back is forgotten."""
    memory = open_again()
    day = 86_400
    for days, gap in ((0, 900.0), (1, 40.0), (1, 70.0), (1, 60.0)):
        memory.heard("main", after(days * day), gap)
    memory.heard("other", NOW, 5.0)

    assert open_again().heard_of("main", after(day)).longest_gap == 900.0
    assert open_again().heard_of("main", after(7 * day)).longest_gap == 900.0
    assert open_again().heard_of("main", after(8 * day)).longest_gap == 70.0
    assert open_again().heard_of("other", after(day)) == Heard(
        since=NOW, last_at=NOW, longest_gap=5.0
    )
    memory.heard("main", after(9 * day), 1.0)
    assert memory.heard_of("main", NOW).longest_gap == 1.0


def test_the_accounts_of_a_source_are_remembered(open_again: Open) -> None:
    """By source, each once, also after a restart that has heard of none."""
    memory = open_again()
    memory.heard("main", NOW, 0.0, ("222", "111"))
    memory.heard("main", after(60), 0.0, ("222",))
    memory.heard("other", NOW, 0.0, ("333",))
    open_again().heard("main", after(120), 0.0)

    assert open_again().heard_of("main", NOW).accounts == ("111", "222")
    assert open_again().heard_of("other", NOW).accounts == ("333",)


def test_a_clock_that_is_set_back_takes_no_hearing_back(memory: Store) -> None:
    """The last time that records came only rises."""
    memory.heard("main", after(60), 0.0)
    memory.heard("main", NOW, 0.0)

    assert memory.heard_of("main", NOW).last_at == after(60)


def test_a_trouble_goes_on_until_it_is_over(open_again: Open) -> None:
    """Through a restart it began when it began; the next one is another."""
    memory = open_again()
    begun = memory.trouble("main", "feed_silent", NOW)
    assert begun == Trouble(source="main", rule="feed_silent", since=NOW)
    memory.trouble_told(begun, 1)
    again = open_again().trouble("main", "feed_silent", after(60))
    assert (again.since, again.told) == (NOW, 1)
    assert memory.troubles_over("") == []

    assert memory.trouble_over("main", "feed_silent", after(90))
    assert not memory.trouble_over("main", "feed_silent", after(120))
    [over] = open_again().troubles_over(after(90))
    assert (over.since, over.ended) == (NOW, after(90))
    assert memory.troubles_over(after(91)) == []

    anew = memory.trouble("main", "feed_silent", after(200))
    assert (anew.since, anew.ended, anew.told) == (after(200), "", 0)
    assert memory.troubles_over("") == []


def test_troubles_are_told_apart(memory: Store) -> None:
    """By source and rule; what never was a trouble is not over."""
    memory.trouble("main", "feed_silent", NOW)
    memory.trouble("main", "feed_late", after(1))
    memory.trouble("other", "feed_silent", after(2))

    assert memory.trouble_over("main", "feed_silent", after(10))
    assert not memory.trouble_over("third", "feed_silent", after(10))
    assert memory.trouble("other", "feed_silent", after(20)).since == after(2)
    assert memory.trouble("main", "feed_late", after(20)).since == after(1)


def test_what_is_told_of_an_earlier_trouble_does_not_count_for_the_next(memory: Store) -> None:
    """A finding that was under way while it ended and began anew."""
    first = memory.trouble("main", "feed_late", NOW)
    memory.trouble_over("main", "feed_late", after(1))
    memory.trouble("main", "feed_late", after(2))
    memory.trouble_told(first, 1)

    assert memory.trouble("main", "feed_late", after(3)).told == 0


def test_what_could_not_be_read_is_counted_by_source_and_time(memory: Store) -> None:
    """Both ends included; what was read since does not count."""
    for number in range(3):
        items = [Unreadable(where=f"s3://b/k#{number}", reason="no JSON")]
        memory.keep_unreadable("main", items, after(number))
    memory.keep_unreadable("other", [Unreadable(where="x", reason="no JSON")], NOW)

    assert memory.how_many_unreadable("main", after(0), after(2)) == 3
    assert memory.how_many_unreadable("main", after(1), after(1)) == 1
    assert memory.how_many_unreadable("third", NOW, after(9)) == 0
    memory.read_after_all("s3://b/k#1")
    assert memory.how_many_unreadable("main", after(0), after(2)) == 2
