"""Deciding: who may do what to an alert in which state, and what is written down of it."""

from __future__ import annotations

import threading

import msgspec
import pytest

from bot.alerts import Query, Reason, decide, details, holder, judge, listing, refuse, status
from bot.errors import BadInput
from bot.model import (
    Alert,
    AlertState,
    Ask,
    Decision,
    Lane,
    Level,
    Mark,
    Person,
    SendKind,
    Verb,
    Verdict,
    iso,
)
from bot.ports import Bot
from bot.store import SqliteStore
from tests.builders import (
    ANA,
    BEN,
    CAM,
    CHANNEL,
    HORIZON,
    NOON,
    Bell,
    FakeClock,
    at,
    judged,
    kinds,
    make_actor,
    make_alert,
    make_ask,
    make_bot,
    make_finding,
    make_record,
    make_triage,
)

NASTY = 'fix: prod * _down_ <@U1> <!channel> `rm` & "so" — \n second line'


@pytest.fixture
def bot(store: SqliteStore, clock: FakeClock) -> Bot:
    """A bot around the real store, with nothing in it."""
    return make_bot(store, clock)


@pytest.fixture
def alert(store: SqliteStore) -> Alert:
    """An open alert in the store."""
    store.keep(judged(make_finding()), make_triage(), iso(NOON))
    return store.alerts([AlertState.OPEN])[0]


# ── the state machine ───────────────────────────────────────────────────────


def in_state(state: str) -> Alert | None:
    """The alert after what *state* names."""
    start = make_alert()
    steps = {
        "open": (),
        "taken by Ana": (make_ask(start.id),),
        "resolved by Ana": (make_ask(start.id, Verb.RESOLVE),),
        "taken, then resolved by Ana": (make_ask(start.id), make_ask(start.id, Verb.RESOLVE)),
        "given to Cam": (make_ask(start.id, Verb.HAND_OVER),),
        "open again": (make_ask(start.id, Verb.RESOLVE), make_ask(start.id, Verb.REOPEN)),
    }
    if state == "unknown":
        return None
    now = start
    for ask in steps[state]:
        changed = judge(ask, now).alert
        assert changed is not None
        now = changed
    return now


TABLE = [
    # state, verb, who → reason, accepted
    ("open", Verb.TAKE, ANA, Reason.TAKEN),
    ("open", Verb.RESOLVE, ANA, Reason.RESOLVED),
    ("open", Verb.RAW, ANA, Reason.REVEALED),
    ("taken by Ana", Verb.TAKE, ANA, Reason.YOURS_ALREADY),
    ("taken by Ana", Verb.TAKE, BEN, Reason.TAKEN_BY_ANOTHER),
    ("taken by Ana", Verb.RESOLVE, ANA, Reason.RESOLVED),
    ("taken by Ana", Verb.RESOLVE, BEN, Reason.RESOLVED),
    ("taken by Ana", Verb.RAW, BEN, Reason.REVEALED),
    ("resolved by Ana", Verb.TAKE, ANA, Reason.RESOLVED_ALREADY),
    ("resolved by Ana", Verb.TAKE, BEN, Reason.RESOLVED_ALREADY),
    ("resolved by Ana", Verb.RESOLVE, ANA, Reason.RESOLVED_ALREADY),
    ("resolved by Ana", Verb.RESOLVE, BEN, Reason.RESOLVED_ALREADY),
    ("resolved by Ana", Verb.RAW, BEN, Reason.REVEALED),
    ("taken, then resolved by Ana", Verb.TAKE, ANA, Reason.RESOLVED_ALREADY),
    ("open", Verb.HAND_OVER, ANA, Reason.HANDED_OVER),
    ("open", Verb.NOTE, ANA, Reason.NOTED),
    ("open", Verb.REOPEN, ANA, Reason.NOT_RESOLVED),
    ("taken by Ana", Verb.HAND_OVER, ANA, Reason.HANDED_OVER),
    ("taken by Ana", Verb.HAND_OVER, BEN, Reason.HANDED_OVER),
    ("taken by Ana", Verb.NOTE, BEN, Reason.NOTED),
    ("taken by Ana", Verb.REOPEN, BEN, Reason.NOT_RESOLVED),
    ("given to Cam", Verb.HAND_OVER, ANA, Reason.THEIRS_ALREADY),
    ("given to Cam", Verb.TAKE, ANA, Reason.TAKEN),
    ("given to Cam", Verb.TAKE, CAM, Reason.TAKEN),
    ("given to Cam", Verb.RESOLVE, BEN, Reason.RESOLVED),
    ("resolved by Ana", Verb.HAND_OVER, ANA, Reason.RESOLVED_ALREADY),
    ("resolved by Ana", Verb.NOTE, BEN, Reason.NOTED),
    ("resolved by Ana", Verb.REOPEN, BEN, Reason.REOPENED),
    ("open again", Verb.TAKE, BEN, Reason.TAKEN),
    ("open again", Verb.RESOLVE, BEN, Reason.RESOLVED),
    ("open again", Verb.REOPEN, BEN, Reason.NOT_RESOLVED),
    ("unknown", Verb.HAND_OVER, ANA, Reason.NO_SUCH_ALERT),
    ("unknown", Verb.NOTE, ANA, Reason.NO_SUCH_ALERT),
    ("unknown", Verb.REOPEN, ANA, Reason.NO_SUCH_ALERT),
    ("unknown", Verb.TAKE, ANA, Reason.NO_SUCH_ALERT),
    ("unknown", Verb.RESOLVE, ANA, Reason.NO_SUCH_ALERT),
    ("unknown", Verb.RAW, ANA, Reason.NO_SUCH_ALERT),
]
CHANGES = {
    Reason.TAKEN,
    Reason.RESOLVED,
    Reason.HANDED_OVER,
    Reason.NOTED,
    Reason.REOPENED,
}
ACCEPTED = CHANGES | {Reason.REVEALED}


@pytest.mark.parametrize(("state", "verb", "by", "reason"), TABLE)
def test_the_state_machine(state: str, verb: Verb, by: Person, reason: Reason) -> None:
    """Each verb in each state, by the same person and by another, has one outcome."""
    before = in_state(state)
    verdict = judge(make_ask("A-7K2QF", verb, by, key="k"), before)
    assert verdict.decision.reason == reason
    assert verdict.decision.accepted is (reason in ACCEPTED)
    assert verdict.decision.sentence
    assert (verdict.alert is not None) is (reason in CHANGES)
    if verdict.alert and before:
        assert verdict.alert.version == before.version + 1


@pytest.mark.parametrize(("state", "verb", "by", "reason"), TABLE)
def test_every_verdict_has_its_line_for_the_ledger(
    state: str, verb: Verb, by: Person, reason: Reason
) -> None:
    """Accepted or refused, the entry says who, what, when and why."""
    ask = make_ask("A-7K2QF", verb, by, key="k")
    entry = judge(ask, in_state(state)).entry
    refused = "" if reason in ACCEPTED else ".refused"
    assert (entry.kind, entry.subject) == (f"alert.{verb}{refused}", "A-7K2QF")
    assert (entry.by, entry.at, entry.body["team"]) == (by.user, ask.at, by.team)
    assert entry.body["reason"] == reason


def test_resolving_needs_a_verdict() -> None:
    """A resolution without a verdict changes nothing and says what is missing."""
    ask = Ask(key="k", verb=Verb.RESOLVE, alert="A-7K2QF", by=ANA, at=iso(NOON))
    verdict = judge(ask, make_alert())
    assert verdict.alert is None
    assert verdict.decision.reason == Reason.NO_VERDICT


def test_the_same_user_id_of_another_workspace_is_somebody_else() -> None:
    """Identity is user and team: a namesake from elsewhere does not own Ana's alert."""
    stranger = Person(user=ANA.user, team="T0OTHER", name="Ana")
    verdict = judge(make_ask("A-7K2QF", by=stranger), in_state("taken by Ana"))
    assert verdict.decision.reason == Reason.TAKEN_BY_ANOTHER


def test_the_second_hears_who_was_first_and_when() -> None:
    """The refusal names the first and their time, in private."""
    verdict = judge(make_ask("A-7K2QF", by=BEN, key="k"), in_state("taken by Ana"))
    assert verdict.decision.sentence == ("Ana was first: took A-7K2QF at 2026-11-22 12:05 UTC.")
    [answer] = verdict.sends
    assert (answer.kind, answer.user, answer.channel) == (SendKind.EPHEMERAL, BEN.user, CHANNEL)
    assert answer.body == {"text": verdict.decision.sentence}


def test_who_has_no_name_is_named_by_id() -> None:
    """An id is better than nothing."""
    taken = judge(make_ask("A-1", by=Person(user="U9", team="T0TEAM")), make_alert()).alert
    assert "U9 was first" in judge(make_ask("A-1", by=BEN), taken).decision.sentence


def test_a_refusal_without_a_channel_is_only_recorded() -> None:
    """Where there is nowhere to whisper, nothing is sent, and the ledger still has it."""
    verdict = judge(make_ask("A-1", by=BEN, channel=""), in_state("resolved by Ana"))
    assert verdict.sends == ()
    assert verdict.entry.kind == "alert.take.refused"


def test_a_decision_redraws_the_card_at_once_and_tells_the_thread() -> None:
    """The edit answers a click, so it goes first; the history line may wait its turn."""
    verdict = judge(make_ask("A-1", key="k"), make_alert())
    assert kinds(verdict.sends) == ["edit", "note"]
    assert verdict.sends[0].lane is Lane.CLICK
    assert verdict.sends[0].due_at == ""
    assert verdict.sends[1].body == {"decision": "k"}


def test_resolving_what_another_took_says_so_in_its_grounds() -> None:
    """Nobody is locked out, but the ledger shows whose alert it was."""
    verdict = judge(make_ask("A-1", Verb.RESOLVE, BEN), in_state("taken by Ana"))
    assert verdict.decision.grounds == ("state was taken", f"taken by {ANA.user}")
    own = judge(make_ask("A-1", Verb.RESOLVE, ANA), in_state("taken by Ana"))
    assert own.decision.grounds == ("state was taken",)


def test_a_raw_record_goes_to_the_asker_only() -> None:
    """It is a direct message to who asked, drawn later from the store: no content is queued."""
    [message] = judge(make_ask("A-1", Verb.RAW, BEN, key="k"), make_alert()).sends
    assert (message.kind, message.channel) == (SendKind.DM, BEN.user)
    assert message.body == {"record": "e-1"}


def test_the_ledger_says_which_record_was_revealed() -> None:
    """A year later the alert has others; where none is kept, nothing is promised."""
    ask = make_ask("A-1", Verb.RAW, BEN)
    verdict = judge(ask, make_alert())
    assert verdict.decision.grounds == ("record e-1",)
    assert verdict.entry.body["record"] == "e-1"
    gone = judge(msgspec.structs.replace(ask, record=""), make_alert()).decision
    assert (gone.accepted, gone.reason) == (False, Reason.NO_RECORD)


def test_who_is_given_an_alert_hears_of_it_at_once() -> None:
    """A direct message names who gave it, what it is about, and what they had to say."""
    note = "Called her twice: no answer <!here>"
    verdict = judge(make_ask("A-1", Verb.HAND_OVER, note=note), in_state("taken by Ana"))
    assert verdict.alert is not None
    assert verdict.alert.taken == Mark(by=CAM, at=verdict.decision.ask.at)
    assert verdict.decision.grounds == ("state was taken", f"owner was {ANA.user}")
    assert kinds(verdict.sends) == ["edit", "note", "dm"]
    message = verdict.sends[-1]
    assert (message.channel, message.lane) == (CAM.user, Lane.CLICK)
    told = str(message.body["text"])
    assert "until then it counts as untaken" in told
    assert told.startswith("Ana handed A-7K2QF to you: mallory changed a security profile.")
    assert note in told
    assert verdict.entry.body["to"] == CAM.user


def test_who_loses_an_alert_hears_of_it() -> None:
    """Ben hands Ana's alert to Cam: Ana is told; and Cam, once Ben takes it after all."""
    verdict = judge(make_ask("A-1", Verb.HAND_OVER, BEN), in_state("taken by Ana"))
    assert [send.channel for send in verdict.sends if send.kind is SendKind.DM] == [
        "U0CAM",
        "U0ANA",
    ]
    assert "Ben handed A-7K2QF, which was yours, to Cam" in str(verdict.sends[-1].body)
    assert verdict.sends[-1].id != verdict.sends[-2].id

    taken = judge(make_ask("A-1", by=BEN), in_state("given to Cam"))
    assert [send.channel for send in taken.sends if send.kind is SendKind.DM] == ["U0CAM"]
    assert "Ben has taken A-7K2QF" in str(taken.sends[-1].body)
    over = judge(make_ask("A-1", Verb.HAND_OVER, BEN, to=BEN), in_state("taken by Ana"))
    assert [send.channel for send in over.sends if send.kind is SendKind.DM] == ["U0ANA"]
    assert "Ben has taken A-7K2QF, which was yours" in str(over.sends[-1].body)
    own = judge(make_ask("A-1", by=CAM), in_state("given to Cam"))
    assert kinds(own.sends) == ["edit", "note"]


@pytest.mark.parametrize(
    ("shown", "now", "said"),
    [
        (holder(make_alert()), "taken by Ana", "Ana was first: took A-7K2QF at 2026-11-22 12:05"),
        (ANA.user, "given to Cam", "Ana was first: handed A-7K2QF to Cam at 2026-11-22 12:05"),
        (ANA.user, "open again", "is nobody's"),
    ],
)
def test_of_two_hand_overs_the_first_wins(shown: str, now: str, said: str) -> None:
    """Whose window showed another owner hears who was first; a window that is right goes on."""
    before = in_state(now)
    assert before is not None
    late = msgspec.structs.replace(make_ask("A-1", Verb.HAND_OVER, BEN, to=BEN), shown=shown)
    verdict = judge(late, before)
    assert (verdict.alert, verdict.decision.reason) == (None, Reason.TAKEN_BY_ANOTHER)
    assert said in verdict.decision.sentence
    right = msgspec.structs.replace(late, shown=holder(before))
    assert judge(right, before).decision.reason == Reason.HANDED_OVER


def test_a_critical_alert_is_its_receivers_once_they_say_so() -> None:
    """It stays open until they press, or write about it; a note by another is no answer."""
    given = in_state("given to Cam")
    assert given is not None
    assert (given.state, given.awaited) == (AlertState.OPEN, True)
    for ask in (make_ask("A-1", by=CAM), make_ask("A-1", Verb.NOTE, CAM)):
        theirs = judge(ask, given).alert
        assert theirs is not None
        assert (theirs.state, theirs.awaited, theirs.handed) == (AlertState.TAKEN, False, None)
    noted = judge(make_ask("A-1", Verb.NOTE, BEN), given).alert
    assert noted is not None
    assert noted.awaited


def test_what_is_less_than_critical_is_theirs_at_once() -> None:
    """Nothing wakes anybody for it."""
    verdict = judge(make_ask("A-1", Verb.HAND_OVER), make_alert(level=Level.HIGH))
    assert verdict.alert is not None
    assert (verdict.alert.state, verdict.alert.awaited) == (AlertState.TAKEN, False)
    assert "I have it" not in str(verdict.sends[-1].body)


def test_taking_it_by_handing_it_to_oneself_sends_no_message() -> None:
    """Nobody has to be told what they did."""
    verdict = judge(make_ask("A-1", Verb.HAND_OVER, to=ANA), make_alert())
    assert kinds(verdict.sends) == ["edit", "note"]


def test_a_note_from_the_thread_is_not_said_there_again() -> None:
    """The card shows it; who kept it is told in private."""
    own = judge(make_ask("A-1", Verb.NOTE), make_alert())
    assert kinds(own.sends) == ["edit", "note"]
    quoted = judge(make_ask("A-1", Verb.NOTE, quoted="1.5"), make_alert())
    assert kinds(quoted.sends) == ["edit", "ephemeral"]
    assert quoted.entry.body["quoted"] == "1.5"
    assert quoted.entry.body["note"] == "She is on leave."


def test_a_reopened_alert_is_as_open_as_on_its_first_day() -> None:
    """Nobody has it, no verdict stands, and the ledger knows what it was."""
    verdict = judge(make_ask("A-1", Verb.REOPEN, BEN), in_state("taken, then resolved by Ana"))
    again = verdict.alert
    assert again is not None
    assert (again.state, again.taken, again.resolved) == (AlertState.OPEN, None, None)
    assert (again.verdict, again.note) == (None, "")
    assert again.reopened is not None
    assert again.reopened.by == BEN
    assert verdict.decision.grounds == (f"was resolved as true_positive by {ANA.user}",)


def test_looking_decides_nothing() -> None:
    """A verb without a rule is a bug, not a silent yes."""
    with pytest.raises(ValueError, match="decides nothing"):
        judge(make_ask("A-1", Verb.LOOK), make_alert())


# ── through the real store ──────────────────────────────────────────────────


def test_a_decision_is_one_link_and_the_card_follows(bot: Bot, alert: Alert) -> None:
    """Recorded first: the alert, the decision and the ledger agree, and the sender is woken."""
    decision = decide(bot, make_ask(alert.id))
    now = bot.store.alert(alert.id)
    assert decision.accepted
    assert now is not None
    assert (now.state, now.taken and now.taken.by) == (AlertState.TAKEN, ANA)
    assert [link.kind for link in bot.store.links()] == ["alert.take"]
    assert bot.store.verify().whole
    assert isinstance(bot.outbox, Bell)
    assert bot.outbox.rings == 1


def test_a_refusal_is_one_link_too(bot: Bot, alert: Alert) -> None:
    """Whoever comes second is in the ledger beside the first."""
    decide(bot, make_ask(alert.id, by=ANA))
    decide(bot, make_ask(alert.id, by=BEN))
    links = bot.store.links()
    assert [(link.kind, link.by) for link in links] == [
        ("alert.take", ANA.user),
        ("alert.take.refused", BEN.user),
    ]
    assert [decision.ask.by for decision in bot.store.decisions_of(alert.id)] == [ANA]


def test_the_same_key_again_changes_nothing(bot: Bot, alert: Alert) -> None:
    """A click delivered twice gets the first answer and leaves no second trace."""
    ask = make_ask(alert.id)
    first = decide(bot, ask)
    sends, version = bot.store.counts()["sends.waiting"], bot.store.alert(alert.id)
    assert decide(bot, ask) == first
    assert bot.store.head()[0] == 1
    assert bot.store.counts()["sends.waiting"] == sends
    assert bot.store.alert(alert.id) == version


def test_a_refusal_repeated_is_still_one_refusal(bot: Bot, alert: Alert) -> None:
    """Idempotence holds for a no as for a yes, even after the state has changed."""
    first = decide(bot, make_ask("A-00000", by=BEN, key="k"))
    again = decide(bot, make_ask("A-00000", by=BEN, key="k"))
    assert (first, bot.store.head()[0]) == (again, 1)
    assert first.reason == Reason.NO_SUCH_ALERT
    assert alert.state is AlertState.OPEN


def test_a_note_is_kept_to_the_letter(bot: Bot, alert: Alert) -> None:
    """Markup, quotes and line ends in a reason are stored as typed, never parsed."""
    ask = make_ask(alert.id, Verb.RESOLVE, verdict=Verdict.EXPECTED, note=NASTY)
    decide(bot, ask)
    now = bot.store.alert(alert.id)
    assert now is not None
    assert (now.note, now.verdict) == (NASTY, Verdict.EXPECTED)
    assert bot.store.decisions_of(alert.id)[0].ask.note == NASTY
    assert '"note":"fix: prod * _down_ <@U1>' in bot.store.links()[0].body
    assert bot.store.verify().whole


@pytest.mark.parametrize("turn", range(20))
def test_of_two_at_once_exactly_one_wins(bot: Bot, turn: int) -> None:
    """Two people press Take it in the same moment: one has it, the other hears who."""
    record = make_record(f"e-{turn}")
    bot.store.keep(judged(make_finding(record)), make_triage(), iso(NOON))
    [alert] = bot.store.alerts([AlertState.OPEN])
    start, outcomes = threading.Barrier(2), list[Decision]()

    def press(by: Person) -> None:
        start.wait()
        outcomes.append(decide(bot, make_ask(alert.id, by=by)))

    threads = [threading.Thread(target=press, args=(by,)) for by in (ANA, BEN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winner = next(outcome for outcome in outcomes if outcome.accepted)
    loser = next(outcome for outcome in outcomes if not outcome.accepted)
    assert f"{winner.ask.by.name} was first" in loser.sentence
    now = bot.store.alert(alert.id)
    assert now is not None
    assert now.taken is not None
    assert now.taken.by == winner.ask.by
    assert (bot.store.head()[0], bot.store.verify().whole) == (2, True)


def test_turned_away_at_the_door_is_recorded_and_told(bot: Bot, alert: Alert) -> None:
    """A guest's click is one link, however often it is delivered, and a whisper to them alone."""
    guest = Person(user="U0GUEST", team="T0TEAM", name="Gus")
    ask = Ask(key="k", verb=Verb.TAKE, alert=alert.id, by=guest, at=iso(NOON), channel=CHANNEL)
    for _ in range(2):
        assert not refuse(bot, ask, "Guests may not do this.").accepted
    [link] = bot.store.links()
    assert (link.kind, link.by, link.subject) == ("take.refused", "U0GUEST", alert.id)
    whisper = bot.store.claim_send(iso(NOON), horizon=HORIZON)
    assert whisper is not None
    assert (whisper.kind, whisper.user) == (SendKind.EPHEMERAL, "U0GUEST")
    unchanged = bot.store.alert(alert.id)
    assert unchanged is not None
    assert unchanged.state is AlertState.OPEN


# ── looking ─────────────────────────────────────────────────────────────────


def test_details_show_records_newest_first_and_decisions_oldest_first(
    bot: Bot, alert: Alert
) -> None:
    """What stands behind an alert comes in the order that people read it."""
    later = make_finding(make_record("e-2", time=at(3)))
    bot.store.keep(judged(later), make_triage(), iso(NOON))
    decide(bot, make_ask(alert.id))
    decide(bot, make_ask(alert.id, Verb.RESOLVE, moment=iso(NOON.replace(hour=13))))
    found = details(bot, alert.id, ANA)
    assert [record.id for record in found.records] == ["e-2", "e-1"]
    assert found.records[0].raw == later.record.raw
    assert [decision.ask.verb for decision in found.decisions] == [Verb.TAKE, Verb.RESOLVE]


def test_details_of_an_unknown_alert_say_so(bot: Bot) -> None:
    """A mistyped id is answered, not crashed upon."""
    with pytest.raises(BadInput, match="no alert A-00000"):
        details(bot, "A-00000", ANA)


def test_the_listing_shows_the_worst_and_newest_first(bot: Bot) -> None:
    """Open means open or taken; resolved ones only in `all`; anything else is a mistake."""
    for number, level in enumerate((Level.LOW, Level.CRITICAL, Level.HIGH)):
        finding = make_finding(make_record(f"e-{number}"), rule=f"rule_{number}", level=level)
        bot.store.keep(judged(finding), make_triage(), iso(NOON))
    low = levels_of(bot, Query()).pop()
    decide(bot, make_ask(low.id, Verb.RESOLVE))
    worst = levels_of(bot, Query())[0]
    decide(bot, make_ask(worst.id))
    assert [one.level for one in levels_of(bot, Query())] == [Level.CRITICAL, Level.HIGH]
    assert [one.level for one in levels_of(bot, Query(which="all"))] == ["critical", "high", "low"]
    assert [one.id for one in levels_of(bot, Query(which="resolved"))] == [low.id]
    assert [one.id for one in levels_of(bot, Query(mine=True))] == [worst.id]
    with pytest.raises(BadInput, match="open, resolved, all"):
        listing(bot, Query(which="closed"), ANA.user)


def levels_of(bot: Bot, query: Query) -> list[Alert]:
    """The alerts that Ana is shown."""
    return list(listing(bot, query, ANA.user).alerts)


def test_a_listing_turns_its_pages(bot: Bot) -> None:
    """Each page says where it begins and of how many; narrowed by rule and actor, in any case."""
    for number in range(5):
        record = make_record(f"e-{number}", actor=make_actor("Ana" if number % 2 else "bob"))
        finding = make_finding(record, rule=f"saml_{number}")
        bot.store.keep(judged(finding), make_triage(), iso(NOON))

    pages = [listing(bot, Query(), ANA.user, limit=2, offset=start) for start in (0, 2, 4)]
    assert [len(page.alerts) for page in pages] == [2, 2, 1]
    assert {page.total for page in pages} == {5}
    assert len({alert.id for page in pages for alert in page.alerts}) == 5
    beyond = [listing(bot, Query(), ANA.user, limit=2, offset=at) for at in (5, 6, 10**30)]
    assert [(page.offset, page.alerts) for page in beyond] == [(4, pages[2].alerts)] * 3
    assert listing(bot, Query(which="resolved"), ANA.user, offset=8).offset == 0
    assert listing(bot, Query(actor="ANA"), ANA.user).total == 2
    assert listing(bot, Query(rule="SAML_3", actor="ana"), ANA.user).total == 1
    assert listing(bot, Query(rule="%"), ANA.user).total == 0


def test_status_tells_what_the_store_and_the_parts_say(bot: Bot, alert: Alert) -> None:
    """Counts, feeds with their faults, and the ledger's head, to be noted down."""
    decide(bot, make_ask(alert.id))
    now = status(bot)
    assert (now.counts["findings"], now.counts["alerts.taken"]) == (1, 1)
    assert now.feeds[0].error == "no such queue"
    assert (now.pages_to, now.last_page, now.failed_pages) == ("", None, [])
    assert (now.ledger_length, now.ledger_head) == bot.store.head()


@pytest.mark.parametrize("quoted", ["", "1.000900"])
def test_a_note_at_a_held_alert_brings_its_card(quoted: str) -> None:
    """Wherever the note was written; a held alert has no thread that could be told."""
    held = make_alert(held="SN-7K2QF")
    verdict = judge(make_ask(held.id, Verb.NOTE, quoted=quoted), held)
    assert kinds(verdict.sends) == (["card", "ephemeral"] if quoted else ["card"])
    assert verdict.alert is not None
    assert verdict.alert.held == ""
