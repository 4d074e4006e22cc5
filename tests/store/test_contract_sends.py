"""What every store keeps of sends: who goes first, what joins what, and what a crash leaves."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from bot.alerts import judge
from bot.model import (
    REPLACED,
    AlertState,
    Edits,
    Lane,
    Level,
    Send,
    SendKind,
    SendState,
    Verb,
    iso,
    send_id,
)
from bot.ports import Store
from tests.builders import (
    ANA,
    CHANNEL,
    HORIZON,
    NOON,
    at,
    judged,
    make_actor,
    make_ask,
    make_finding,
    make_record,
    make_triage,
)
from tests.store.conftest import Open

NOW = iso(NOON)
SOON = iso(NOON + timedelta(seconds=2))
TRIAGE = make_triage()


def message(name: str, **changes: object) -> Send:
    """A direct message in the ordinary lane."""
    fields: dict[str, object] = {
        "id": name,
        "kind": SendKind.DM,
        "subject": "A-00000",
        "channel": f"U{name}",
        "body": {"text": name},
    }
    return Send(**(fields | changes))  # type: ignore[arg-type]  # by name, checked by the tests


def claim(memory: Store, now: str = NOW, **limits: object) -> Send | None:
    """The next send that is due."""
    horizon = limits.pop("horizon", HORIZON)
    return memory.claim_send(now, horizon=horizon, **limits)  # type: ignore[arg-type]


def claimed(memory: Store, now: str = NOW) -> Send:
    """The next send, which must be there."""
    send = claim(memory, now)
    assert send is not None
    return send


def order(memory: Store, now: str = NOW) -> list[str]:
    """The ids of everything that is due, in the order it goes."""
    found = []
    while send := claim(memory, now):
        found.append(send.id)
    return found


def an_alert(memory: Store, *, posted: bool = True) -> str:
    """An alert, with its card posted unless said otherwise; returns its id."""
    memory.keep(judged(make_finding()), TRIAGE, NOW)
    alert_id = memory.alerts([AlertState.OPEN])[0].id
    if posted:
        memory.send_done(claimed(memory), CHANNEL, "100.1", NOW)
    return alert_id


def anew(alert_id: str) -> Send:
    """The card of an alert whose old one cannot be edited."""
    return message("anew", kind=SendKind.CARD, subject=alert_id, channel=CHANNEL, body={})


def without_its_card(memory: Store, *notes: str) -> str:
    """An alert whose card was posted, could not be edited, and was refused when posted anew,
    and *notes* with it."""
    alert_id = an_alert(memory)
    memory.queue([anew(alert_id)], NOW)
    card = claimed(memory)
    memory.queue([message(name, kind=SendKind.NOTE, subject=alert_id) for name in notes], NOW)
    memory.send_refused(card, "not_in_channel", NOW)
    return alert_id


def more(memory: Store, number: int, **changes: object) -> None:
    """One more finding about the same, at noon and some seconds."""
    record = make_record(f"more-{number}", time=at(seconds=number), **changes)
    memory.keep(judged(make_finding(record)), TRIAGE, NOW)


# ── who goes first ──────────────────────────────────────────────────────────


def test_lanes_go_in_order_and_each_first_come_first_served(memory: Store) -> None:
    """A click overtakes a critical card, and that an ordinary one."""
    for name, lane in (("o1", Lane.ORDINARY), ("q", Lane.QUIET), ("c", Lane.CLICK)):
        memory.queue([message(name, lane=lane)], NOW)
    memory.queue([message("o2"), message("k", lane=Lane.CRITICAL)], NOW)
    assert order(memory) == ["c", "k", "o1", "o2", "q"]


def test_a_send_that_is_queued_twice_is_there_once(memory: Store) -> None:
    """Repeating the step that asked for it asks for the same one, sent or not."""
    memory.queue([message("m")], NOW)
    memory.queue([message("m")], NOW)
    memory.send_done(claimed(memory), "D1", "1.1", NOW)
    memory.queue([message("m")], NOW)
    assert order(memory) == []
    assert memory.counts()["sends.sent"] == 1


def test_a_claimed_send_is_nobody_elses(memory: Store) -> None:
    """What is under way is not handed out again."""
    memory.queue([message("m")], NOW)
    send = claimed(memory)
    assert (send.state, send.attempts, send.tried_at) == (SendState.SENDING, 1, NOW)
    assert claim(memory) is None


def test_what_is_not_due_waits(memory: Store) -> None:
    """A send goes at its time, not before."""
    memory.queue([message("m", due_at=SOON)], NOW)
    assert (claim(memory), memory.next_due()) == (None, SOON)
    assert order(memory, SOON) == ["m"]
    assert memory.next_due() is None


def test_a_clock_set_back_holds_nothing_up(memory: Store) -> None:
    """What waits for a time beyond the horizon was queued by a faster clock, and is due."""
    memory.queue([message("m", due_at=SOON)], NOW)
    hour_ago = NOON - timedelta(hours=1)
    horizon = iso(hour_ago + timedelta(minutes=15))
    assert claim(memory, iso(hour_ago), horizon=SOON) is None
    assert claim(memory, iso(hour_ago), horizon=horizon) is not None


def test_a_closed_channel_is_passed_over(memory: Store) -> None:
    """One channel's pace does not hold another's messages."""
    memory.queue([message("a", channel="C1"), message("b", channel="C2")], NOW)
    send = claim(memory, closed=frozenset({"C1"}))
    assert send is not None
    assert send.id == "b"
    assert claim(memory, closed=frozenset({"C1", "C2"})) is None


def test_a_note_is_held_by_the_channel_where_its_card_stands(memory: Store) -> None:
    """A card that went to another channel takes its thread's pace with it."""
    alert_id = an_alert(memory, posted=False)
    memory.send_done(claimed(memory), "C0OTHER", "100.1", NOW)
    memory.queue([message("n", kind=SendKind.NOTE, subject=alert_id, channel=CHANNEL)], NOW)
    assert claim(memory, closed=frozenset({"C0OTHER"})) is None
    note = claim(memory, closed=frozenset({CHANNEL}))
    assert note is not None
    assert (note.channel, note.ts) == ("C0OTHER", "100.1")


@pytest.mark.parametrize(
    ("edits", "lane", "goes"),
    [
        (Edits.ALL, Lane.QUIET, True),
        (Edits.CLICKS, Lane.QUIET, False),
        (Edits.CLICKS, Lane.CLICK, True),
        (Edits.NONE, Lane.CLICK, False),
    ],
)
def test_edits_go_as_their_budget_allows(
    memory: Store, edits: Edits, lane: Lane, goes: bool
) -> None:
    """When edits are short, those that answer a click have them; posts are not affected."""
    alert_id = an_alert(memory)
    memory.queue([message("e", kind=SendKind.EDIT, subject=alert_id, lane=lane)], NOW)
    assert (claim(memory, edits=edits) is not None) is goes
    memory.queue([message("m")], NOW)
    assert claim(memory, edits=edits) is not None


def test_edits_ignore_the_pace_of_posts(memory: Store) -> None:
    """chat.update has a budget of its own."""
    alert_id = an_alert(memory)
    memory.queue([message("e", kind=SendKind.EDIT, subject=alert_id, channel=CHANNEL)], NOW)
    assert claim(memory, closed=frozenset({CHANNEL})) is not None


@pytest.mark.parametrize("kind", list(SendKind))
def test_while_nothing_may_be_posted_edits_and_whispers_go(memory: Store, kind: SendKind) -> None:
    """Whatever says something in a conversation for good is a post, and waits."""
    alert_id = an_alert(memory)
    memory.queue([message("s", kind=kind, subject=alert_id, channel=CHANNEL)], NOW)
    goes = kind in (SendKind.EDIT, SendKind.EPHEMERAL)
    assert (claim(memory, posts=False) is not None) is goes


def test_whispers_have_a_line_of_their_own(memory: Store) -> None:
    """A closed channel does not hold them, and their own limit holds nothing else."""
    memory.queue([message("w", kind=SendKind.EPHEMERAL, channel="C1")], NOW)
    memory.queue([message("m", channel="C2")], NOW)
    send = claim(memory, whispers=False)
    assert send is not None
    assert send.id == "m"
    assert claim(memory, whispers=False) is None
    assert claim(memory, closed=frozenset({"C1"})) is not None


def about(memory: Store, name: str, level: Level, second: int = 0) -> str:
    """Somebody does something of *level*; returns the id of the alert."""
    record = make_record(f"{name}-{second}", actor=make_actor(name), time=at(seconds=second))
    memory.keep(judged(make_finding(record, level=level)), TRIAGE, NOW)
    return memory.alerts([AlertState.OPEN], actor=name)[0].id


@pytest.mark.parametrize("lost", ["nothing", "the process", "the answer", "the connection"])
def test_a_card_that_waits_overtakes_the_others_once_its_alert_is_critical(
    memory: Store, open_again: Open, lost: str
) -> None:
    """It was queued as an ordinary one; so does one that was under way, or may have arrived."""
    high = [about(memory, f"m{number}", Level.HIGH) for number in range(3)]
    rises = (
        high[0] if lost in ("the answer", "the connection") else about(memory, "eve", Level.HIGH)
    )
    if lost == "the answer":
        memory.send_again(claimed(memory), NOW, "no answer", ambiguous=True)
    under_way = claimed(memory) if lost == "the connection" else None
    about(memory, "eve" if rises not in high else "m0", Level.CRITICAL, 1)
    if under_way is not None:
        memory.send_again(under_way, NOW, "no connection", ambiguous=False)
    if lost == "the process":
        memory = open_again()
        memory.recover_sends(NOW)
    first = claimed(memory)
    assert (first.kind, first.subject, first.lane) == (SendKind.CARD, rises, Lane.CRITICAL)
    assert claimed(memory).lane is Lane.ORDINARY


def test_two_that_become_critical_go_by_age_and_after_a_click(memory: Store) -> None:
    """Both before the ordinary one that is older; a rise to high, a near miss, moves nothing."""
    low, one, two = (about(memory, name, Level.LOW) for name in ("low", "one", "two"))
    about(memory, "low", Level.HIGH, 1)
    about(memory, "two", Level.CRITICAL, 1)
    about(memory, "one", Level.CRITICAL, 1)
    memory.queue([message("k", lane=Lane.CLICK)], NOW)
    assert [claimed(memory).subject for _ in range(4)] == ["A-00000", one, two, low]


def test_the_note_that_waits_is_in_the_lane_of_the_worst_that_it_says(memory: Store) -> None:
    """News of an alert that becomes critical does not wait behind ordinary messages."""
    about(memory, "eve", Level.HIGH)
    memory.send_done(claimed(memory), CHANNEL, "100.1", NOW)
    memory.queue([message("o")], NOW)
    record = make_record("w", actor=make_actor("eve"), source_ip="10.0.1.1", time=at(seconds=1))
    memory.keep(judged(make_finding(record, level=Level.HIGH)), TRIAGE, NOW)
    about(memory, "eve", Level.CRITICAL, 2)
    note = claimed(memory)
    assert (note.kind, note.lane, len(note.body["lines"])) == (SendKind.NOTE, Lane.CRITICAL, 2)  # type: ignore[arg-type]  # JSON


# ── what follows a card ─────────────────────────────────────────────────────


def test_a_note_waits_for_its_card_and_learns_where_it_stands(memory: Store) -> None:
    """There is no thread before there is a card."""
    alert_id = an_alert(memory, posted=False)
    card = claimed(memory)
    memory.queue([message("n", kind=SendKind.NOTE, subject=alert_id)], NOW)
    assert claim(memory) is None
    memory.send_done(card, CHANNEL, "100.1", NOW)
    note = claimed(memory)
    assert (note.channel, note.ts) == (CHANNEL, "100.1")
    found = memory.alert(alert_id)
    assert found is not None
    assert (found.channel, found.ts) == (CHANNEL, "100.1")


def test_what_follows_a_card_that_is_posted_anew_goes_under_the_new_one(memory: Store) -> None:
    """While the new card waits or is under way, its thread is about to be elsewhere."""
    alert_id = an_alert(memory)
    memory.queue([message("c", kind=SendKind.CARD, subject=alert_id, channel="C0NEW")], NOW)
    memory.queue([message("note", kind=SendKind.NOTE, subject=alert_id)], NOW)
    card = claimed(memory)
    assert (card.id, claim(memory)) == ("c", None)
    memory.send_done(card, "C0NEW", "200.1", NOW)
    note = claimed(memory)
    assert (note.id, note.channel, note.ts) == ("note", "C0NEW", "200.1")


def test_a_finding_never_forgets_where_the_card_stands(memory: Store) -> None:
    """Folding and posting at once do not overwrite each other."""
    alert_id = an_alert(memory)
    more(memory, 1)
    found = memory.alert(alert_id)
    assert found is not None
    assert (found.count, found.ts) == (2, "100.1")


def test_a_card_that_waits_takes_edits_in(memory: Store) -> None:
    """It will be drawn as things are then; there is nothing to edit yet."""
    alert_id = an_alert(memory, posted=False)
    more(memory, 1)
    memory.decide(make_ask(alert_id), judge)
    waiting = [claimed(memory).kind]
    assert waiting == [SendKind.CARD]
    assert claim(memory, SOON) is None


def test_an_edit_during_the_post_is_not_lost(memory: Store) -> None:
    """What changes while the card is on its way is edited into it afterwards."""
    an_alert(memory, posted=False)
    card = claimed(memory)
    more(memory, 1)
    assert claim(memory, SOON) is None
    memory.send_done(card, CHANNEL, "100.1", NOW)
    assert claimed(memory, SOON).kind is SendKind.EDIT


def test_an_edit_joins_no_card_that_may_have_arrived(memory: Store) -> None:
    """An ambiguous card may show an older state, so the edit is kept."""
    an_alert(memory, posted=False)
    memory.send_again(claimed(memory), NOW, "no answer", ambiguous=True)
    more(memory, 1)
    card = claimed(memory)
    assert (card.kind, card.ambiguous, card.attempts) == (SendKind.CARD, True, 2)
    memory.send_done(card, CHANNEL, "100.1", NOW)
    assert claimed(memory, SOON).kind is SendKind.EDIT


def test_a_burst_is_one_edit(memory: Store) -> None:
    """Twenty repetitions are one edit, drawn from the alert as it is then."""
    an_alert(memory)
    for number in range(1, 21):
        more(memory, number)
    assert claim(memory) is None
    edit = claimed(memory, SOON)
    assert (edit.kind, edit.revision) == (SendKind.EDIT, 21)
    memory.send_done(edit, CHANNEL, "100.1", SOON)
    assert claim(memory, SOON) is None


def test_a_click_hastens_the_edit_that_waits(memory: Store) -> None:
    """The joined edit goes in the click's lane and at once."""
    alert_id = an_alert(memory)
    more(memory, 1)
    memory.decide(make_ask(alert_id, moment=NOW), judge)
    edit = claimed(memory)
    assert (edit.kind, edit.lane) == (SendKind.EDIT, Lane.CLICK)
    assert claimed(memory).kind is SendKind.NOTE
    assert claim(memory, SOON) is None


def test_news_gather_in_one_note(memory: Store) -> None:
    """A burst of new context is one message; beyond ten lines it says how many more."""
    an_alert(memory)
    for number in range(1, 14):
        more(memory, number, source_ip=f"10.0.{number}.1")
    note = claimed(memory)
    lines = note.body["lines"]
    assert isinstance(lines, list)
    assert (note.kind, len(lines), note.body["more"]) == (SendKind.NOTE, 10, 3)
    assert claim(memory) is None


def told(memory: Store, seconds: float) -> list[list[str]]:
    """The lines of every note that may go so long after noon; they are sent then."""
    now, notes = iso(NOON + timedelta(seconds=seconds)), []
    while send := claim(memory, now):
        memory.send_done(send, CHANNEL, "100.1", now)
        if send.kind is SendKind.NOTE:
            notes.append([*map(str, send.body["lines"])])  # type: ignore[call-overload]  # JSON
    return notes


def test_a_flood_of_networks_is_a_handful_of_notes(memory: Store, open_again: Open) -> None:
    """The first at once, then ever more together; nothing is lost, also over a restart."""
    an_alert(memory)
    alert_id = memory.alerts([AlertState.OPEN])[0].id
    times, shown, uncounted = [], 0, 0
    for second in range(1, 1_201):
        if second < 200:
            new = make_record(f"n-{second}", source_ip=f"10.0.{second}.1", time=at(seconds=second))
            memory.keep(judged(make_finding(new)), TRIAGE, iso(NOON + timedelta(seconds=second)))
        if second == 100:
            memory = open_again()
            memory.recover_sends(iso(NOON + timedelta(seconds=second)))
        now = iso(NOON + timedelta(seconds=second))
        while send := claim(memory, now):
            memory.send_done(send, CHANNEL, "100.1", now)
            if send.kind is SendKind.NOTE:
                times.append(second)
                shown += len(send.body["lines"])  # type: ignore[arg-type]  # JSON
                uncounted += send.body.get("more", 0)  # type: ignore[operator]  # JSON
    found = memory.alert(alert_id)
    assert found is not None
    assert times == [1, 61, 181, 421]
    assert (shown + uncounted, len(found.news)) == (199, 40)


@pytest.mark.parametrize(
    ("changes", "when"),
    [
        ({"source_ip": "10.0.9.1"}, 61),
        ({"actor": make_actor("eve")}, 61),
        ({"level": Level.CRITICAL}, 12),
        ({"error_code": ""}, 12),
    ],
    ids=["network", "actor", "level", "success"],
)
def test_what_may_not_wait_takes_along_what_had_gathered(
    memory: Store, changes: dict[str, object], when: int
) -> None:
    """A level that rises and a success after refusals are said at once, in the same note."""

    def find(second: int, **more: object) -> None:
        level = more.pop("level", Level.HIGH)
        fields = {"error_code": "AccessDenied", "time": at(seconds=second)} | more
        finding = make_finding(make_record(f"e-{second}", **fields), level=level, fold=("one",))
        memory.keep(judged(finding), TRIAGE, iso(NOON + timedelta(seconds=second)))

    find(0)
    find(1, source_ip="10.0.1.1")
    assert len(told(memory, 1)) == 1
    find(11, source_ip="10.0.2.1")
    find(12, **changes)
    assert told(memory, when - 1) == []
    [lines] = told(memory, when)
    assert (len(lines), lines[0].startswith("network 10.0.2.0/24")) == (2, True)


def test_news_after_a_quiet_hour_is_said_at_once(memory: Store) -> None:
    """What was said long ago slows nothing down."""
    an_alert(memory)
    for number, second in enumerate((1, 30, 4_000)):
        new = make_record(f"n-{second}", source_ip=f"10.0.{number}.1", time=at(seconds=number))
        memory.keep(judged(make_finding(new)), TRIAGE, iso(NOON + timedelta(seconds=second)))
        assert len(told(memory, second)) == (second != 30)


def test_a_decision_does_not_join_the_news(memory: Store) -> None:
    """History lines are messages of their own."""
    alert_id = an_alert(memory)
    more(memory, 1, source_ip="10.0.1.1")
    memory.decide(make_ask(alert_id, moment=NOW), judge)
    found = [claimed(memory) for _ in range(3)]
    assert sorted(send.kind for send in found) == ["edit", "note", "note"]


def test_two_alerts_never_share_an_edit(memory: Store) -> None:
    """What joins belongs to one card."""
    an_alert(memory)
    other = make_record("o-1", actor=make_actor("eve"))
    memory.keep(judged(make_finding(other)), TRIAGE, NOW)
    memory.send_done(claimed(memory), CHANNEL, "100.2", NOW)
    more(memory, 1)
    again = make_record("o-2", actor=make_actor("eve"), time=at(1))
    memory.keep(judged(make_finding(again)), TRIAGE, NOW)
    assert {claimed(memory, SOON).ts for _ in range(2)} == {"100.1", "100.2"}


# ── refusals ────────────────────────────────────────────────────────────────


def test_what_follows_a_refused_card_is_refused_with_it(memory: Store) -> None:
    """Before or after the refusal: nothing waits for a card that never comes."""
    alert_id = an_alert(memory, posted=False)
    card = claimed(memory)
    more(memory, 1)
    memory.send_refused(card, "is_archived", NOW)
    memory.decide(make_ask(alert_id), judge)
    assert memory.next_due() is None
    refused = memory.refused_sends()
    assert {send.kind for send in refused} == {SendKind.CARD, SendKind.EDIT, SendKind.NOTE}
    assert len(memory.refused_sends(1)) == 1


def test_a_card_refused_for_its_token_takes_nothing_with_it(
    memory: Store, open_again: Open
) -> None:
    """With a new token everything goes after all: the card, the decision's line, the edit."""
    alert_id = an_alert(memory, posted=False)
    card = claimed(memory)
    memory.decide(make_ask(alert_id, moment=NOW), judge)
    memory.send_refused(card, "token: token_revoked", NOW)
    memory.decide(make_ask(alert_id, by=ANA, key="again", moment=NOW), judge)
    assert len(memory.refused_sends()) == 1
    again = open_again()
    assert again.recover_sends(NOW) == 1
    later = iso(NOON + timedelta(minutes=5))
    found = []
    while send := claim(again, later):
        again.send_done(send, CHANNEL, "100.1", later)
        found.append(send.kind)
    assert sorted(found) == ["card", "edit", "ephemeral", "note"]


def test_a_refused_card_that_is_asked_for_again_is_tried_again(memory: Store) -> None:
    """Somebody has found the alert without one; the refusal itself asks for nothing."""
    alert_id = without_its_card(memory)
    assert memory.next_due() is None
    memory.queue([anew(alert_id)], NOW)
    card = claimed(memory)
    assert (card.kind, card.error) == (SendKind.CARD, "")


@pytest.mark.parametrize("kind", [SendKind.DM, SendKind.EPHEMERAL])
def test_anything_else_that_was_refused_stays_refused(memory: Store, kind: SendKind) -> None:
    """A near miss: queued again or not, it is not tried again."""
    memory.queue([message("m", kind=kind)], NOW)
    memory.send_refused(claimed(memory), "user_not_found", NOW)
    memory.queue([message("m", kind=kind)], NOW)
    assert (claim(memory), len(memory.refused_sends())) == (None, 1)


def test_an_edit_tries_the_old_card_where_the_new_one_is_refused(memory: Store) -> None:
    """It stands perhaps; what else was to go into its thread is given up with the new card."""
    alert_id = an_alert(memory)
    memory.queue([anew(alert_id)], NOW)
    card = claimed(memory)
    memory.queue([message("n", kind=SendKind.NOTE, subject=alert_id)], NOW)
    memory.queue([message("e", kind=SendKind.EDIT, subject=alert_id)], NOW)
    memory.send_refused(card, "not_in_channel", NOW)
    assert order(memory) == ["e"]
    assert {send.kind for send in memory.refused_sends()} == {SendKind.CARD, SendKind.NOTE}


def test_an_edit_of_the_old_card_replaces_a_refused_one_but_takes_no_notes(memory: Store) -> None:
    """It says everything. That we may post there again is known only once something is posted."""
    alert_id = without_its_card(memory, "lost note")
    memory.queue([message("e", kind=SendKind.EDIT, subject=alert_id)], NOW)
    memory.send_done(claimed(memory), CHANNEL, "100.1", NOW)
    assert claim(memory) is None
    assert [send.id for send in memory.refused_sends()] == ["lost note"]
    memory.queue([message("n", kind=SendKind.NOTE, subject=alert_id)], NOW)
    memory.send_done(claimed(memory), CHANNEL, "100.2", NOW)
    note = claimed(memory)
    assert (note.id, note.ts) == ("lost note", "100.1")
    assert memory.refused_sends() == []


def test_when_a_refused_card_arrives_what_followed_it_does_too(
    memory: Store, open_again: Open
) -> None:
    """The notes go under it; the edits are in it, so they are no loss to show."""
    alert_id = an_alert(memory, posted=False)
    card = claimed(memory)
    more(memory, 1, source_ip="10.0.1.1")
    memory.send_refused(card, "not_in_channel", NOW)
    memory.decide(make_ask(alert_id, moment=NOW), judge)
    again = open_again()
    assert again.recover_sends(NOW) == 1
    again.send_done(claimed(again), CHANNEL, "100.1", NOW)
    notes = [claimed(again), claimed(again)]
    assert {(note.kind, note.ts) for note in notes} == {(SendKind.NOTE, "100.1")}
    assert claim(again, SOON) is None
    assert again.refused_sends() == []


def test_a_note_with_a_fault_of_its_own_does_not_come_back(memory: Store) -> None:
    """A near miss: it was not given up for want of a card."""
    alert_id = an_alert(memory)
    memory.queue([message("n", kind=SendKind.NOTE, subject=alert_id)], NOW)
    memory.send_refused(claimed(memory), "no_text", NOW)
    memory.queue([message("e", kind=SendKind.EDIT, subject=alert_id)], NOW)
    memory.send_done(claimed(memory), CHANNEL, "100.1", NOW)
    assert claim(memory) is None
    assert [send.error for send in memory.refused_sends()] == ["no_text"]


# ── after a crash ───────────────────────────────────────────────────────────


def test_what_was_under_way_comes_back_as_its_kind_demands(memory: Store, open_again: Open) -> None:
    """A post may have arrived, an edit is repeated, an ephemeral is given up and shown."""
    alert_id = an_alert(memory)
    memory.queue([message("p"), message("w", kind=SendKind.EPHEMERAL)], NOW)
    memory.queue([message("e", kind=SendKind.EDIT, subject=alert_id)], NOW)
    assert len(order(memory)) == 3
    again = open_again()
    assert again.recover_sends(NOW) == 2
    later = iso(NOON + timedelta(seconds=1))
    assert claim(again) is None
    back = {send.id: send for send in (claimed(again, later), claimed(again, later))}
    assert (back["p"].ambiguous, back["p"].tried_at, back["p"].attempts) == (True, NOW, 2)
    assert (back["e"].ambiguous, back["e"].tried_at) == (False, later)
    assert [send.id for send in again.refused_sends()] == ["w"]


@pytest.mark.parametrize("resolved", [False, True])
def test_a_refused_card_of_an_open_alert_comes_back(
    memory: Store, open_again: Open, resolved: bool
) -> None:
    """Nobody has seen the alert, so a start tries once more, also after the sends are pruned."""
    alert_id = an_alert(memory, posted=False)
    memory.send_refused(claimed(memory), "not_in_channel", NOW)
    if resolved:
        memory.decide(make_ask(alert_id, Verb.RESOLVE, moment=NOW), judge)
    memory.prune(records_before="9", evidence_before="0")
    again = open_again()
    assert again.recover_sends(NOW) == (not resolved)
    assert order(again) == ([] if resolved else [send_id(alert_id, SendKind.CARD, 0)])


@pytest.mark.parametrize(("ambiguous", "channel"), [(False, CHANNEL), (True, "C0FALLBACK")])
def test_a_card_that_nobody_saw_comes_back_to_its_own_channel(
    memory: Store, open_again: Open, ambiguous: bool, channel: str
) -> None:
    """It was refused in the fallback at last, but we may be invited to its own since. One that
    may have arrived is looked for where it was sent."""
    an_alert(memory, posted=False)
    elsewhere = msgspec.structs.replace(claimed(memory), channel="C0FALLBACK")
    memory.send_again(elsewhere, NOW, "", ambiguous=ambiguous)
    memory.send_refused(claimed(memory), "not_in_channel", NOW)
    again = open_again()
    assert again.recover_sends(NOW) == 1
    assert claimed(again).channel == channel


def test_a_card_that_was_to_be_posted_anew_begins_with_an_edit(
    memory: Store, open_again: Open
) -> None:
    """The old one may stand still: a start looks before there are two, and before notes go."""
    alert_id = without_its_card(memory, "n")
    again = open_again()
    assert again.recover_sends(NOW) == 2
    assert claim(again, edits=Edits.NONE) is None
    edit = claimed(again)
    assert (edit.kind, edit.subject, edit.ts) == (SendKind.EDIT, alert_id, "100.1")
    again.send_done(edit, CHANNEL, "100.1", NOW)
    note = claimed(again)
    assert (note.id, note.attempts) == ("n", 1)


def test_a_card_that_is_out_of_sight_is_not_pruned(memory: Store, open_again: Open) -> None:
    """However long nobody starts us anew, the next start looks for it."""
    without_its_card(memory)
    memory.prune(records_before="9", evidence_before="0")
    assert open_again().recover_sends(NOW) == 1


def test_a_start_that_changes_nothing_is_no_loop(memory: Store, open_again: Open) -> None:
    """Not invited yet: one edit and one card at every start, then it is shown and nothing waits."""
    alert_id = without_its_card(memory)
    for minute in range(1, 4):
        now = iso(NOON + timedelta(minutes=minute))
        again = open_again()
        assert again.recover_sends(now) == 1
        edit = claimed(again, now)
        again.queue([anew(alert_id)], now)
        again.send_refused(edit, f"{REPLACED}not_in_channel", now)
        again.send_refused(claimed(again, now), "not_in_channel", now)
        assert again.next_due() is None
        assert [send.kind for send in again.refused_sends()] == [SendKind.CARD]


@pytest.mark.parametrize("kind", [SendKind.CARD, SendKind.EDIT])
def test_a_card_that_came_in_the_end_is_not_looked_for(
    memory: Store, open_again: Open, kind: SendKind
) -> None:
    """A near miss: it was posted at a later try, or the old one was edited after all."""
    alert_id = without_its_card(memory)
    edit = message("e", kind=SendKind.EDIT, subject=alert_id)
    memory.queue([anew(alert_id) if kind is SendKind.CARD else edit], NOW)
    memory.send_done(claimed(memory), CHANNEL, "200.1", NOW)
    assert open_again().recover_sends(NOW) == 0


def test_an_ambiguous_send_remembers_when_it_was_first_tried(memory: Store) -> None:
    """It is looked for from that moment on, however often it is tried."""
    memory.queue([message("p")], NOW)
    memory.send_again(claimed(memory), SOON, "no answer", ambiguous=True)
    again = claimed(memory, SOON)
    assert (again.tried_at, again.error) == (NOW, "no answer")
    memory.send_again(again, SOON, "no answer", ambiguous=False)
    assert claimed(memory, SOON).tried_at == SOON


def test_what_is_done_stays_done(memory: Store, open_again: Open) -> None:
    """A near miss: what had arrived before the crash does not come back."""
    memory.queue([message("p"), message("q")], NOW)
    memory.send_done(claimed(memory), "D1", "1.1", NOW)
    assert open_again().recover_sends(NOW) == 0
    assert order(memory) == ["q"]


def test_the_pace_survives_a_restart(memory: Store, open_again: Open) -> None:
    """When we last posted to a channel is known; an edit is no post."""
    alert_id = an_alert(memory)
    memory.queue([message("e", kind=SendKind.EDIT, subject=alert_id)], NOW)
    memory.send_done(claimed(memory), CHANNEL, "100.1", SOON)
    assert open_again().last_posts() == {CHANNEL: NOW}


def test_a_send_may_come_back_changed(memory: Store) -> None:
    """Another channel or plain text is remembered with the next try."""
    memory.queue([message("p")], NOW)
    send = claimed(memory)
    changed = Send(id=send.id, kind=send.kind, subject="s", channel="C9", body={"plain": True})
    memory.send_again(changed, NOW, "", ambiguous=False)
    again = claimed(memory)
    assert (again.channel, again.body, again.subject) == ("C9", {"plain": True}, "A-00000")
