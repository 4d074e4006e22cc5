"""What every store keeps: records, alerts, decisions, the ledger and its own upkeep."""

from __future__ import annotations

import threading
from datetime import timedelta
from time import perf_counter
from typing import Any

import msgspec
import pytest

from bot.alerts import judge
from bot.model import Alert, AlertState, Ask, Calls, Dot, Entry, Level, Tie, Unreadable, Verb, iso
from bot.ports import Store, Verdicted
from tests.builders import (
    ANA,
    BEN,
    HORIZON,
    NOON,
    at,
    judged,
    make_actor,
    make_ask,
    make_finding,
    make_record,
    make_triage,
    quiet,
    write_down,
)
from tests.store.conftest import Open

NOW = iso(NOON)
TRIAGE = make_triage()


def later(**delta: float) -> str:
    """So long after noon."""
    return iso(NOON + timedelta(**delta))


def keep_one(memory: Store) -> str:
    """One finding; returns its alert's id."""
    memory.keep(judged(make_finding()), TRIAGE, NOW)
    return memory.alerts(list(AlertState))[0].id


# ── intake ──────────────────────────────────────────────────────────────────


def test_the_kinds_of_records_are_told(memory: Store) -> None:
    """Each pair of source and name once; none in an empty store."""
    before = memory.kinds()
    findings = [make_finding(record=make_record(id=name, key=name, name=name)) for name in "aba"]
    memory.keep(judged(*findings), TRIAGE, NOW)
    source = findings[0].record.source

    assert (list(before), list(memory.kinds())) == ([], [(source, "a"), (source, "b")])


def test_an_empty_store_answers_everything_with_nothing(memory: Store) -> None:
    """Looking into an empty store is no fault."""
    assert memory.alert("A-00000") is None
    assert memory.alerts(list(AlertState)) == []
    assert memory.record("e-1") is None
    assert memory.records_of("A-00000") == []
    assert memory.claim_send(NOW, horizon=HORIZON) is None
    assert memory.next_due() is None
    assert memory.verify().whole
    assert memory.last_run("prune") is None


def test_a_large_batch_is_kept_whole(memory: Store) -> None:
    """However many records come at once, each is counted, and all fold."""
    findings = [make_finding(make_record(f"e-{n}")) for n in range(230)]
    kept = memory.keep(judged(*findings), TRIAGE, NOW)
    [alert] = memory.alerts([AlertState.OPEN])
    assert (kept.records, kept.findings, kept.opened, alert.count) == (230, 230, 1, 230)


def test_a_record_twice_in_one_batch_is_one(memory: Store) -> None:
    """A duplicate inside a delivery is as harmless as one in another delivery."""
    kept = memory.keep(judged(make_finding(), make_finding()), TRIAGE, NOW)
    assert (kept.records, kept.findings) == (1, 1)
    assert memory.counts()["records.again"] == 1


def test_evidence_is_kept_raw_and_the_rest_is_only_counted(memory: Store) -> None:
    """A record that a rule spoke of is there to the byte; a quiet one is not kept as evidence."""
    raw = b'{"eventID": "e-1", "odd": "\xc3\xa9\\u0000"}'
    memory.keep(judged(make_finding(make_record(raw=raw))), TRIAGE, NOW)
    memory.keep(quiet(make_record("q-1")), TRIAGE, NOW)
    found = memory.record("e-1")
    assert found is not None
    assert (found.raw, found.actor.name) == (raw, "mallory")
    assert memory.record("q-1") is None
    assert memory.counts()["records"] == 2


def test_records_of_an_alert_come_newest_first_and_few(memory: Store) -> None:
    """The newest by event time, however they arrived and however their times are written."""
    times = {"e-1": at(1), "e-3": "2026-11-22 13:03:00+01:00", "e-2": at(2)}
    for event, time in times.items():
        memory.keep(judged(make_finding(make_record(event, time=time))), TRIAGE, NOW)
    [alert] = memory.alerts([AlertState.OPEN])
    assert [record.id for record in memory.records_of(alert.id, 2)] == ["e-3", "e-2"]


@pytest.mark.parametrize("time", ["2026-11-22 13:03:00+01:00", "yesterday", ""])
def test_a_records_own_time_is_kept_as_it_came(memory: Store, time: str) -> None:
    """What AWS wrote is evidence, however it wrote it."""
    memory.keep(judged(make_finding(make_record(time=time))), TRIAGE, NOW)
    found = memory.record("e-1")
    assert found is not None
    assert found.time == time


def test_a_fault_while_folding_leaves_nothing_behind(memory: Store) -> None:
    """A step is all or nothing, and the store works on."""

    class Broken(type(TRIAGE)):  # type: ignore[misc]  # the class of a value
        def fold(self, *_: object) -> object:
            raise RuntimeError("broken")

    broken = Broken(window=timedelta(hours=1), channel_of=lambda finding: finding.rule)
    with pytest.raises(RuntimeError, match="broken"):
        memory.keep(judged(make_finding()), broken, NOW)
    assert "records" not in memory.counts()
    assert memory.keep(judged(make_finding()), TRIAGE, NOW).opened == 1


def test_what_could_not_be_read_is_kept_once_and_shown_newest_first(memory: Store) -> None:
    """The same place and reason again (a redelivery) is counted once."""
    items = [Unreadable(where=f"s3://b/k#{n}", reason="no JSON", sample=b"\xff{") for n in (1, 2)]
    memory.keep_unreadable("main", items, NOW)
    memory.keep_unreadable("main", items, later(minutes=5))
    assert memory.unreadable() == [(NOW, items[1]), (NOW, items[0])]
    assert memory.unreadable(1) == [(NOW, items[1])]
    assert memory.counts()["unreadable"] == 2


def test_what_was_read_after_all_is_struck_off_the_list(memory: Store) -> None:
    """That place alone, in the list and in the total."""
    for where in ("message 1", "message 1 of another"):
        memory.keep_unreadable("main", [Unreadable(where=where, reason="refused")], NOW)

    memory.read_after_all("message 1")

    assert [item.where for _, item in memory.unreadable()] == ["message 1 of another"]
    assert memory.counts()["unreadable"] == 1


def test_a_sample_of_the_unreadable_is_cut(memory: Store) -> None:
    """Keeping what is broken must not fill the disk."""
    memory.keep_unreadable("main", [Unreadable(where="w", reason="r", sample=b"x" * 10**6)], NOW)
    assert len(memory.unreadable()[0][1].sample) == 4_096


# ── alerts and decisions ────────────────────────────────────────────────────


def test_alerts_come_worst_then_newest_first_in_pages(memory: Store) -> None:
    """A list is ordered and paged by the store, so that it need not fit in memory."""
    levels = (Level.HIGH, Level.CRITICAL, Level.LOW, Level.CRITICAL)
    for n, level in enumerate(levels):
        finding = make_finding(make_record(f"e-{n}"), rule=f"r{n}", level=level)
        memory.keep(judged(finding), TRIAGE, later(minutes=n))
    found = [(alert.rule) for alert in memory.alerts([AlertState.OPEN])]
    assert found == ["r3", "r1", "r0", "r2"]
    page = memory.alerts([AlertState.OPEN], limit=2, offset=1)
    assert [alert.rule for alert in page] == ["r1", "r0"]
    assert memory.alerts([AlertState.TAKEN]) == []
    assert memory.alerts([]) == []


def test_a_decision_survives_the_process(memory: Store, open_again: Open) -> None:
    """What a person decided is there for whoever opens the store next."""
    alert_id = keep_one(memory)
    decision = memory.decide(make_ask(alert_id), judge)
    again = open_again()
    alert = again.alert(alert_id)
    assert alert is not None
    assert alert.taken is not None
    assert (alert.taken.by, again.decisions_of(alert_id)) == (ANA, [decision])


def test_a_decision_that_breaks_leaves_nothing_behind(memory: Store) -> None:
    """No half-recorded decision: neither row nor link, and the same key may be tried again."""
    alert_id = keep_one(memory)

    def broken(ask: Ask, alert: Alert | None) -> Verdicted:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        memory.decide(make_ask(alert_id), broken)
    assert memory.head()[0] == 0
    assert memory.decide(make_ask(alert_id), judge).accepted


def test_folding_and_deciding_at_once_lose_nothing(memory: Store) -> None:
    """Counts and decisions that meet in the same moment both hold."""
    alert_id = keep_one(memory)
    findings = [make_finding(make_record(f"e-{n}", time=at(1))) for n in range(2, 42)]

    def intake() -> None:
        for finding in findings:
            memory.keep(judged(finding), TRIAGE, NOW)

    thread = threading.Thread(target=intake)
    thread.start()
    memory.decide(make_ask(alert_id), judge)
    memory.decide(make_ask(alert_id, Verb.RAW, BEN), judge)
    thread.join()
    alert = memory.alert(alert_id)
    assert alert is not None
    assert (alert.count, alert.taken and alert.taken.by) == (41, ANA)
    assert alert.version == 42


# ── ledger ──────────────────────────────────────────────────────────────────


def note(number: int, **body: object) -> Entry:
    """An entry for the ledger."""
    return Entry(kind="test.note", subject=f"s-{number}", by="U0ANA", at=NOW, body=body)


def test_links_come_in_order_and_in_pages(memory: Store) -> None:
    """The ledger is read like a book."""
    for number in range(1, 6):
        write_down(memory, note(number))
    assert [link.subject for link in memory.links(1, 2)] == ["s-2", "s-3"]
    assert [link.seq for link in memory.links()] == [1, 2, 3, 4, 5]
    assert memory.head() == (5, memory.links()[-1].hash)


def test_a_noted_head_is_met_on_the_way(memory: Store) -> None:
    """An old head is still in the chain after it has grown; a made-up one is not."""
    heads = [memory.head()[1]]
    for number in range(3):
        write_down(memory, note(number))
        heads.append(memory.head()[1])
    assert all(memory.verify(head).whole for head in heads)
    made_up = memory.verify("f" * 64)
    assert (made_up.whole, made_up.broken_at) == (False, None)
    assert "not in this chain" in made_up.reason


def test_writers_at_once_make_one_chain(memory: Store) -> None:
    """Links never fork, whoever appends."""

    def append() -> None:
        for number in range(10):
            write_down(memory, note(number))

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (memory.verify().whole, memory.head()[0]) == (True, 40)


# ── upkeep ──────────────────────────────────────────────────────────────────


def test_prune_drops_what_has_passed_its_retention(memory: Store) -> None:
    """Quiet records go first, evidence later, and what is younger stays."""
    memory.keep(quiet(make_record("q-1")), TRIAGE, later(days=-2))
    memory.keep(quiet(make_record("q-2")), TRIAGE, NOW)
    keep_one(memory)
    memory.keep_unreadable("main", [Unreadable(where="w", reason="r")], later(days=-2))
    dropped = memory.prune(records_before=later(days=-1), evidence_before=later(days=-1))
    assert (dropped["records"], dropped["evidence"], dropped["unreadable"]) == (1, 0, 1)
    assert memory.record("e-1") is not None


def test_prune_keeps_the_ledger_and_what_is_open(memory: Store) -> None:
    """An open alert outlives its evidence; a resolved one goes; the ledger stays whole."""
    alert_id = keep_one(memory)
    other = make_finding(make_record("e-2"), rule="other")
    memory.keep(judged(other), TRIAGE, NOW)
    [done] = [one for one in memory.alerts([AlertState.OPEN]) if one.id != alert_id]
    memory.decide(make_ask(done.id, Verb.RESOLVE), judge)
    links = memory.links()
    dropped = memory.prune(records_before=later(days=9), evidence_before=later(days=9))
    assert (dropped["evidence"], dropped["findings"], dropped["alerts"]) == (2, 2, 1)
    assert memory.record("e-1") is None
    assert [alert.id for alert in memory.alerts(list(AlertState))] == [alert_id]
    assert (memory.links(), memory.verify().whole) == (links, True)
    assert memory.counts()["sends.waiting"] > 0


def test_prune_goes_through_more_rows_than_one_step(memory: Store) -> None:
    """However much there is to drop, all of it goes."""
    memory.keep(quiet(*(make_record(f"q-{n}") for n in range(1_100))), TRIAGE, NOW)
    assert memory.prune(records_before=later(days=1), evidence_before=NOW)["records"] == 1_100


def test_when_a_job_last_ran_is_remembered(memory: Store, open_again: Open) -> None:
    """A restart knows what it need not repeat."""
    memory.job_ran("prune", NOW)
    memory.job_ran("prune", later(hours=1))
    assert open_again().last_run("prune") == later(hours=1)
    assert memory.last_run("people") is None


def test_counts_follow_what_is_there(memory: Store) -> None:
    """Totals rise for good; states are counted as they stand."""
    alert_id = keep_one(memory)
    memory.decide(make_ask(alert_id), judge)
    memory.decide(make_ask(alert_id, by=BEN), judge)
    counts = memory.counts()
    expected = {"records": 1, "findings": 1, "alerts": 1, "alerts.taken": 1}
    expected |= {"decisions": 1, "decisions.refused": 1}
    assert {name: counts[name] for name in expected} == expected


def test_close_may_be_called_twice(memory: Store) -> None:
    """Stopping is safe to repeat."""
    memory.close()
    memory.close()


def test_a_nasty_record_goes_in_and_comes_out(memory: Store) -> None:
    """Whatever stands in a record's fields, it is stored as it is."""
    nasty = make_record("e-n", user_agent="\x00 ' ; -- <!channel> \U0001f600", target="%_*")
    memory.keep(judged(make_finding(nasty)), TRIAGE, NOW)
    found = memory.record("e-n")
    assert found is not None
    assert msgspec.structs.replace(found, raw=nasty.raw) == nasty


def test_a_record_is_found_behind_its_alert_alone(memory: Store) -> None:
    """Not one of another alert, nor one that is not kept."""
    alert_id = keep_one(memory)
    other = make_record("e-2", actor=make_actor("eve"))
    memory.keep(judged(make_finding(other)), TRIAGE, NOW)
    found = memory.record_of(alert_id, "e-1")
    assert found is not None
    assert found.raw == make_record("e-1").raw
    assert memory.record_of(alert_id, "e-2") is None
    assert memory.record_of(alert_id, "e-9") is None


def test_what_happened_around_a_record_is_found(memory: Store) -> None:
    """By actor, target and address; refusals counted; what is too far away left out."""
    near = [
        make_record("e-1"),
        make_record("e-2", time=at(29), name="CreateUser", error_code="AccessDenied"),
        make_record("e-3", time=at(-30), name="CreateUser", target="other", source_ip="192.0.2.1"),
        make_record("e-4", time=at(31), name="DeleteUser"),
        make_record("e-5", time=at(1), actor=make_actor("eve"), target="x", source_ip="192.0.2.9"),
    ]
    memory.keep(quiet(*near), make_triage(), NOW)

    actor, target, address = memory.around(near[0], 30)

    assert [(one.tie, one.times, one.refused) for one in (actor, target, address)] == [
        (Tie.ACTOR, 3, 1),
        (Tie.TARGET, 2, 1),
        (Tie.ADDRESS, 2, 1),
    ]
    assert actor.calls[0] == Calls(name="CreateUser", times=2, refused=1)
    assert list(memory.around(make_record("e-9", time="soon"), 30)) == []
    bare = make_record("e-8", target="", source_ip="")
    assert [one.tie for one in memory.around(bare, 30)] == [Tie.ACTOR]


def test_what_happened_is_told_second_by_second(memory: Store) -> None:
    """Calls of one second are one dot; those in the alert are its own; refusals are counted."""
    memory.keep(judged(make_finding()), TRIAGE, NOW)
    alert = memory.alerts(list(AlertState))[0].id
    others = [
        make_record("e-2", time="2026-11-22T12:00:00.900Z", error_code="AccessDenied"),
        make_record("e-3", time=at(-30), target="other"),
        make_record("e-4", time=at(31)),
    ]
    memory.keep(quiet(*others), make_triage(), NOW)

    actor, target, address = memory.tracks(make_record(), alert, 30)

    assert actor.dots == (
        Dot(at=at(-30), times=1),
        Dot(at=at(), times=2, refused=1, own=True),
    )
    assert target.dots == actor.dots[1:]
    assert address.tie is Tie.ADDRESS
    assert [dot.own for dot in memory.tracks(make_record(), "A-00000", 30)[0].dots] == [False] * 2
    assert list(memory.tracks(make_record(time="soon"), alert, 30)) == []


def test_pictures_are_remembered_until_they_are_gone(memory: Store) -> None:
    """The oldest first, some at a time, and only those begun before."""
    for minutes, file in enumerate(("F1", "F2", "F3")):
        memory.picture_begun(file, later(minutes=minutes))

    assert memory.pictures(later(minutes=2), 9) == ["F1", "F2"]
    assert memory.pictures(later(minutes=9), 1) == ["F1"]
    memory.picture_gone("F1")
    memory.picture_gone("F1")
    assert memory.pictures(later(minutes=9), 9) == ["F2", "F3"]


def test_the_records_nearest_to_one_are_found_with_what_links_them(memory: Store) -> None:
    """Newest first, each once; neither the alert's own nor what shares nothing or is too far."""
    own = [make_finding(make_record(f"e-{number}", time=at(number / 60))) for number in range(3)]
    memory.keep(judged(*own), TRIAGE, NOW)
    [alert] = memory.alerts([AlertState.OPEN])
    eve: dict[str, Any] = {"actor": make_actor("eve"), "source_ip": "192.0.2.9"}
    others = [
        make_record("n-1", time=at(-2), name="CreateUser", target="x"),
        make_record("n-2", time=at(5), name="GetUser", error_code="AccessDenied", **eve),
        make_record("n-3", time=at(3), target="x", **eve),
        make_record("n-4", time=at(31), name="DeleteUser"),
        make_record("n-5", time=at(-20), name="ListUsers", target="x", source_ip="192.0.2.1"),
    ]
    memory.keep(quiet(*others), TRIAGE, NOW)

    found = memory.related(alert.id, own[0].record, 30)

    assert [(one.name, one.error_code, one.ties) for one in found.nearest] == [
        ("GetUser", "AccessDenied", (Tie.TARGET,)),
        ("CreateUser", "", (Tie.ACTOR, Tie.ADDRESS)),
        ("ListUsers", "", (Tie.ACTOR,)),
    ]
    assert (found.more, found.at_least) == (0, False)
    two = memory.related(alert.id, own[0].record, 30, 2)
    assert ([one.name for one in two.nearest], two.more) == (["GetUser", "CreateUser"], 1)
    none = memory.related(alert.id, make_record("e-9", time="soon"), 30)
    assert (none.nearest, none.more) == ((), 0)


def test_in_a_flood_related_records_are_counted_only_so_far(memory: Store) -> None:
    """Details must open within a second, whatever goes on beside."""
    alert_id = keep_one(memory)
    flood = [make_record(f"n-{number}", time=at(1 + number / 1000)) for number in range(6_000)]
    for start in range(0, len(flood), 1_000):
        memory.keep(quiet(*flood[start : start + 1_000]), TRIAGE, NOW)
    began = perf_counter()
    found = memory.related(alert_id, make_record("e-1"), 30)
    assert perf_counter() - began < 1.0
    assert (len(found.nearest), found.at_least) == (10, True)
    assert 4_990 <= found.more < 6_000


def test_the_times_of_an_alerts_findings_are_in_order(memory: Store) -> None:
    """The newest of them, where there are more than asked for."""
    findings = [make_finding(make_record(f"e-{n}", time=at(n))) for n in (5, 1, 3)]
    memory.keep(judged(*findings), make_triage(), NOW)
    (alert,) = memory.alerts([AlertState.OPEN])

    assert [one[14:16] for one in memory.times_of(alert.id)] == ["01", "03", "05"]
    assert [one[14:16] for one in memory.times_of(alert.id, 2)] == ["03", "05"]


def test_an_actor_is_found_among_ten_thousand_alerts(memory: Store) -> None:
    """Substring and all; and once an alert is gone, so is what it was found by."""
    findings = [
        make_finding(make_record(f"e-{number}", actor=make_actor(f"user-{number:05d}")))
        for number in range(10_000)
    ]
    for start in range(0, len(findings), 1_000):
        memory.keep(judged(*findings[start : start + 1_000]), TRIAGE, NOW)
    began = perf_counter()
    [found] = memory.alerts(list(AlertState), actor="USER-07777")
    assert memory.how_many(list(AlertState), actor="er-0777") == 10
    assert perf_counter() - began < 0.5
    assert found.actor.name == "user-07777"
