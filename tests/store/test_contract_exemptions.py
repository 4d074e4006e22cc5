"""What every store keeps of exceptions, and of the findings that they are judged by."""

from __future__ import annotations

import msgspec
import pytest

from bot.model import (
    Alert,
    AlertState,
    Ask,
    Aspect,
    Clause,
    Decision,
    Entry,
    Exemption,
    ExemptionState,
    Lane,
    Level,
    Send,
    SendKind,
    Verb,
    iso,
)
from bot.ports import ExemptionChange, Store, Verdicted
from tests.builders import (
    ANA,
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
TRIAGE = make_triage()
ACTOR = Clause(aspect=Aspect.ACTOR, value=make_actor().principal)
ON = Exemption(
    id="EX-00000",
    alert="A-7K2QF",
    rule="connect_security_profile_updated",
    level=Level.CRITICAL,
    headline="a headline",
    actor=make_actor(),
    conditions=(ACTOR,),
    days=30,
    reason="a drill",
    by=ANA,
    at=NOW,
    state=ExemptionState.ON,
    until="2026-12-22T12:00:00.000Z",
)


def put(memory: Store, exemption: Exemption, key: str = "") -> Decision:
    """Have *exemption* stored, by way of a decision."""

    def judge(ask: Ask, _: Alert | None, standing: object) -> Verdicted:
        decision = Decision(ask=ask, accepted=True, reason="test", sentence="Stored.")
        entry = Entry(kind="except.test", subject=ask.alert, by=ANA.user, at=NOW)
        return Verdicted(decision=decision, entry=entry, exemption=exemption)

    ask = make_ask(exemption.alert, Verb.EXCEPT, key=key or exemption.id)
    return memory.decide_exemption(ask, judge)


def named(number: int, **changes: object) -> Exemption:
    """Another exception."""
    return msgspec.structs.replace(ON, **{"id": f"EX-0000{number}", **changes})


def test_an_empty_store_has_none(memory: Store) -> None:
    """Looking is no fault."""
    assert memory.exemption("EX-00000") is None
    assert list(memory.exemptions(list(ExemptionState))) == []
    assert list(memory.findings_of_rule("any")) == []
    assert memory.change_exemptions(lambda _: (), NOW) == 0


def test_what_was_decided_is_there_after_a_restart(memory: Store, open_again: Open) -> None:
    """To the letter, with its line in the ledger."""
    put(memory, ON)
    again = open_again()
    assert again.exemption(ON.id) == ON
    assert [link.kind for link in again.links()] == ["except.test"]


def test_the_same_press_again_changes_nothing(memory: Store) -> None:
    """The first decision is returned."""
    put(memory, ON, "one press")
    put(memory, named(1), "one press")
    assert memory.exemption("EX-00001") is None


def test_they_are_listed_by_state_and_the_first_to_end_first(memory: Store) -> None:
    """And a few, where few are asked for."""
    put(memory, named(1, until="2027-02-01T00:00:00.000Z"))
    put(memory, named(2, until="2027-01-01T00:00:00.000Z"))
    put(memory, named(3, state=ExemptionState.OVER))

    on = memory.exemptions([ExemptionState.ON])

    assert [one.id for one in on] == ["EX-00002", "EX-00001"]
    assert [one.id for one in memory.exemptions([ExemptionState.ON], 1)] == ["EX-00002"]
    assert [one.id for one in memory.exemptions([ExemptionState.OVER])] == ["EX-00003"]


def test_a_change_sees_those_that_stand_and_writes_all_that_follows(memory: Store) -> None:
    """In one step, counted."""
    put(memory, named(1))
    put(memory, named(2, state=ExemptionState.OVER))
    seen: list[str] = []

    def end(standing: object) -> list[ExemptionChange]:
        assert isinstance(standing, list)
        seen.extend(one.id for one in standing)
        over = named(1, state=ExemptionState.OVER)
        entry = Entry(kind="except.over", subject=over.alert, by="callwarden", at=NOW)
        return [ExemptionChange(exemption=over, entry=entry)]

    assert memory.change_exemptions(end, NOW) == 1
    assert seen == ["EX-00001"]
    assert list(memory.exemptions([ExemptionState.ON])) == []
    assert memory.links()[-1].kind == "except.over"
    assert memory.counts()["exemptions.over"] == 1


def test_nothing_is_queued_for_an_alert_that_is_gone(memory: Store) -> None:
    """A note without a thread would wait for ever."""
    put(memory, ON)
    note = Send(id="n-1", kind=SendKind.NOTE, subject=ON.alert, lane=Lane.ORDINARY)
    change = ExemptionChange(exemption=named(0, state=ExemptionState.OVER), sends=(note,))

    memory.change_exemptions(lambda _: [change], NOW)

    assert memory.next_due() is None
    assert list(memory.exemptions([ExemptionState.ON])) == []


@pytest.mark.parametrize("state", ExemptionState)
def test_only_what_is_on_hides(memory: Store, state: ExemptionState) -> None:
    """A finding that is hidden is in no alert, and nothing is sent; it is there all the same."""
    put(memory, named(1, state=state))

    kept = memory.keep(judged(make_finding()), TRIAGE, NOW)

    hidden = state is ExemptionState.ON
    assert (kept.findings, kept.opened) == (1, 0 if hidden else 1)
    assert len(memory.alerts(list(AlertState))) == (0 if hidden else 1)
    assert (memory.claim_send(NOW, horizon=HORIZON) is None) is hidden
    found = memory.exemption("EX-00001")
    assert found is not None
    assert found.hits == (1 if hidden else 0)
    assert [past.record.id for past in memory.findings_of_rule(ON.rule)] == ["e-1"]


def test_the_findings_of_a_rule_come_newest_first_and_few(memory: Store) -> None:
    """With their level and their record, but for its raw bytes."""
    for event, minutes in {"e-1": 1, "e-3": 3, "e-2": 2}.items():
        record = make_record(event, time=at(minutes))
        memory.keep(judged(make_finding(record, level=Level.LOW)), TRIAGE, NOW)
    memory.keep(judged(make_finding(make_record("o-1"), rule="other")), TRIAGE, NOW)

    found = memory.findings_of_rule(ON.rule, 2)

    assert [past.record.id for past in found] == ["e-3", "e-2"]
    assert [(past.level, past.record.raw) for past in found] == [(Level.LOW, b"")] * 2
    assert found[0].time == "2026-11-22T12:03:00.000Z"


def test_evidence_that_was_hidden_passes_with_its_retention(memory: Store) -> None:
    """As any other; the exception itself stays."""
    put(memory, ON)
    memory.keep(judged(make_finding()), TRIAGE, NOW)

    memory.prune(records_before=NOW, evidence_before="2027-12-22T12:00:00.000Z")

    assert list(memory.findings_of_rule(ON.rule)) == []
    assert memory.record("e-1") is None
    assert memory.exemption(ON.id) is not None
