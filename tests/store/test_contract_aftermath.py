"""What every store keeps of storms that are over: whose cards come out, and who is called."""

from __future__ import annotations

import functools
from datetime import timedelta

from bot import alerts as core
from bot.escalation import Plan, Step, due_after
from bot.model import AlertState, Level, SendKind, Verb
from bot.ports import EscalatingLeft, Left, Store
from bot.storms import SHOWN_FROM
from tests.builders import NOON, make_ask
from tests.store.conftest import Open
from tests.store.test_contract_storms import STORMS, claim_all, flood, keep, later, of

SOC = Plan(steps=(Step(minutes=10, to=("group:S0SOC", "page"), levels=(Level.HIGH,)),))


def show(memory: Store, now: float, since: float = 0) -> list[str]:
    """The alerts whose cards come out then."""
    memory.show_after_storms(STORMS, later(now), since=later(since), least=SHOWN_FROM)
    sent = [send.subject for send in claim_all(memory, now) if send.kind is SendKind.CARD]
    return [subject for subject in sent if subject.startswith("A-")]


def called(seconds: float) -> EscalatingLeft:
    """The rule of escalation, so long after noon."""
    return functools.partial(due_after, plan=SOC, now=NOON + timedelta(seconds=seconds))


def over(memory: Store, number: int = 10) -> str:
    """A storm that ended 61 seconds after noon; returns its id."""
    flood(memory, number)
    [storm] = memory.storms_on()
    memory.settle_storms(STORMS, later(61))
    claim_all(memory, 61)
    return storm.id


def test_the_worst_come_out_a_few_a_minute_and_no_more_than_are_no_storm(
    memory: Store, open_again: Open
) -> None:
    """Also through a restart; each says why in the ledger. The rest stays listed."""
    keep(memory, "low", level=Level.LOW)
    storm = over(memory)
    came = [len(show(memory, now)) for now in (62, 72, 121)]
    memory = open_again()
    came += [len(show(memory, now)) for now in (124, 130, 190, 300, 400, 500)]
    assert came == [1, 0, 0, 1, 0, 1, 1, 1, 0]
    assert (memory.storms_on(), memory.how_many(list(AlertState), storm=storm)) == ([], 11)
    lines = [link for link in memory.links() if link.kind == "alert.out"]
    assert len(lines) == 5
    assert f"{storm} is over" in lines[0].body
    assert of(memory, "low").in_storm


def test_while_the_channel_is_busy_none_comes_out(memory: Store) -> None:
    """New alerts go before old ones; and in a storm, or long after one, nothing is shown."""
    over(memory)
    keep(memory, "ana", "ben", after=62)
    claim_all(memory, 62)
    assert show(memory, 63) == []
    flood(memory, 8, after=64)
    assert show(memory, 64 + 61) == []
    memory.settle_storms(STORMS, later(200))
    claim_all(memory, 200)
    assert show(memory, 90_000, since=3_600) == []
    assert len(show(memory, 90_001)) == 1


def test_those_that_are_low_or_decided_about_stay_where_they_are(memory: Store) -> None:
    """Near misses."""
    keep(memory, *(f"m{number}" for number in range(9)), level=Level.MEDIUM)
    [storm] = memory.storms_on()
    memory.settle_storms(STORMS, later(61))
    claim_all(memory, 61)
    assert show(memory, 62) == []
    gone = memory.storm(storm.id)
    assert gone is not None
    assert memory.left_by_storms() == [Left(storm=gone, open={Level.MEDIUM: 9})]


def test_a_card_that_came_out_of_one_storm_is_not_taken_back_by_the_next(memory: Store) -> None:
    """It waits, and goes: the ledger says that it came out."""
    over(memory)
    memory.show_after_storms(STORMS, later(62), since=later(), least=SHOWN_FROM)
    flood(memory, 8, after=63)
    out = [link.subject for link in memory.links() if link.kind == "alert.out"]
    assert len(out) == 1
    assert out[0] in {send.subject for send in claim_all(memory, 64)}


def test_one_call_for_all_that_is_left_and_only_once(memory: Store, open_again: Open) -> None:
    """Counted from its end, of the levels that a step names; a page and a line in the thread."""
    storm = over(memory)

    assert memory.escalate_left(storm, called(660), later(660)) == 0
    assert memory.escalate_left(storm, called(661), later(661)) == 1
    again = open_again()
    assert again.escalate_left(storm, called(9_000), later(9_000)) == 0

    [note] = claim_all(again, 700)
    assert (note.kind, note.subject, note.body["call"]) == (SendKind.NOTE, storm, ["S0SOC"])
    page = again.claim_page(later(700), later(700))
    assert page is not None
    assert (page.subject, page.level) == (storm, Level.HIGH)
    assert "10 high" in page.text
    assert "storm.escalate" in [link.kind for link in again.links()]


def test_what_somebody_took_is_left_no_more(memory: Store) -> None:
    """Whoever decides about a held alert has its card posted."""
    storm = over(memory, 6)
    for number in range(6):
        alert = of(memory, f"crowd-0-{number}")
        assert memory.left_by_storms()[0].open == {Level.HIGH: 6 - number}
        memory.decide(make_ask(alert.id, Verb.TAKE, moment=later(62)), core.judge)
    assert memory.left_by_storms() == []
    assert memory.escalate_left(storm, lambda _: [], later(9_000)) == 0
