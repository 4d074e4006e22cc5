"""The rules that are on: exchanged while the bot runs, and what shadow rules would have said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot.detection.rule import RuleSet
from bot.detection.sigma import load
from bot.errors import BadInput
from bot.model import Finding, Override, Shadowed, iso
from bot.ports import Judged
from bot.rulebook import aloud
from bot.store import SqliteStore
from tests.builders import (
    NOON,
    FakeClock,
    judged,
    make_finding,
    make_record,
    make_rulebook,
    make_triage,
    pack,
)

RULE = "connect_instance_deleted"


def aloud_only() -> RuleSet:
    """Our rules but for those in the shadow."""
    return RuleSet(tuple(rule for rule in pack() if not rule.shadow))


def hushed() -> RuleSet:
    """Our rules, one of them alone in the shadow."""
    found = load(override={RULE: Override(status="shadow")})
    return RuleSet(tuple(rule for rule in found if rule.name == RULE or not rule.shadow))


def in_the_shadow(finding: Finding) -> list[Judged]:
    """*finding* as a shadow rule's, and once more, as a queue may deliver it."""
    [one] = judged(finding)
    return [msgspec.structs.replace(one, findings=(), shadows=one.findings)] * 2


def test_new_rules_take_the_place_of_the_old(store: SqliteStore) -> None:
    """All of them, and whoever judges is given them."""
    used: list[RuleSet] = []
    fewer = RuleSet(pack().rules[:2])
    book = make_rulebook(store, FakeClock(), read=lambda: fewer, use=used.append)

    said = book.reload()

    assert (used, len(book.facts())) == ([fewer], 2)
    assert said == "2 rules and 0 correlations are on, 0 of them shadow."
    assert book.warnings() == []


def test_broken_rules_change_nothing(store: SqliteStore) -> None:
    """The old ones stay on and it is said; once mended, nothing is said any more."""
    used: list[RuleSet] = []
    faults: list[Exception] = [BadInput("1 thing(s) to mend."), RuntimeError("a bug")]

    def read() -> RuleSet:
        if faults:
            raise faults.pop(0)
        return pack()

    book = make_rulebook(store, FakeClock(), read=read, use=used.append)
    with pytest.raises(BadInput, match=r"The old rules stay on.*1 thing"):
        book.reload()
    book.reload_quietly()

    assert (used, len(book.facts())) == ([], len(pack()) + len(pack().correlations))
    assert [
        "The rules could not be read anew" in one and "a bug" in one for one in book.warnings()
    ] == [True]
    book.reload_quietly()
    assert (used, book.warnings()) == ([pack()], [])


def test_what_was_left_out_is_a_warning(store: SqliteStore, tmp_path: Path) -> None:
    """By file and reason, as long as it is so."""
    (tmp_path / "broken.yml").write_text("title: [")
    book = make_rulebook(store, FakeClock(), load([tmp_path], patient=True))

    [said] = book.warnings()
    assert "broken.yml is left out of the rules: it cannot be read" in said


def test_would_be_alerts_of_a_week_are_counted(store: SqliteStore) -> None:
    """Folded as alerts would be; what is older, and what other rules said, does not count."""
    clock = FakeClock()
    book = make_rulebook(store, clock, hushed())
    days = {"e-1": 0, "e-2": 0, "e-3": 2, "e-4": 8}
    for event, ago in days.items():
        time = iso(NOON - timedelta(days=ago))
        found = make_finding(rule=RULE, record=make_record(id=event, key=event, time=time))
        store.keep(in_the_shadow(found), make_triage(), iso(NOON))

    assert list(book.shadows()) == [Shadowed(rule=RULE, since=iso(NOON), alerts=2, hits=3)]
    assert store.counts().get("alerts", 0) == 0


def test_a_promoted_rule_begins_anew(store: SqliteStore) -> None:
    """What it would have said is forgotten; back in the shadow it is counted from then."""
    clock = FakeClock()
    sets = [aloud_only(), hushed()]
    book = make_rulebook(store, clock, hushed(), read=lambda: sets.pop(0))
    store.keep(in_the_shadow(make_finding(rule=RULE)), make_triage(), iso(NOON))
    before = book.shadows()

    book.reload()
    promoted = book.shadows()
    clock.tick(3600)
    book.reload()

    assert [one.alerts for one in before] == [1]
    assert list(promoted) == []
    assert list(book.shadows()) == [Shadowed(rule=RULE, since=iso(NOON + timedelta(hours=1)))]


CHAIN = "connect_mass_delete"


def test_correlations_stand_beside_the_rules(store: SqliteStore) -> None:
    """Told as rules are, with when they speak; in the shadow they are counted as rules are."""
    found = load(override={CHAIN: Override(status="shadow")})
    book = make_rulebook(store, FakeClock(), found, read=lambda: found)
    facts = {one.name: one for one in book.facts()}
    told = book.named(CHAIN)

    assert len(facts) == len(found) + len(found.correlations)
    assert facts[CHAIN] == told
    assert told.asks.startswith(
        "15 records or more of chain_connect_deleted or chain_connect_deleted_by_role within 10 min"
    )
    assert (told.shadow, told.fold_by, told.tests > 3) == (True, ("who",), True)
    assert facts[RULE].asks == ""
    shadows = {one.rule for one in book.shadows()}
    assert shadows == {one.name for one in facts.values() if one.shadow}
    assert CHAIN in shadows
    store.keep(in_the_shadow(make_finding(rule=CHAIN)), make_triage(), iso(NOON))
    assert [one.hits for one in book.shadows() if one.rule == CHAIN] == [1]
    shadow, chains = f"{len(shadows)} of them shadow", len(found.correlations)
    assert book.reload() == f"{len(found)} rules and {chains} correlations are on, {shadow}."


def test_shadow_rules_are_made_to_speak() -> None:
    """Only they, by a judge of their own."""
    assert [(rule.name, rule.shadow) for rule in aloud(hushed())] == [(RULE, False)]
    ours = replace(pack().named(RULE), status="experimental")
    assert [rule.shadow for rule in aloud(RuleSet((ours,)))] == [False]
    assert len(aloud(aloud_only())) == 0


def test_what_is_covered_is_told(store: SqliteStore) -> None:
    """By technique and by call, with the gaps and their reasons."""
    found = make_rulebook(store, FakeClock()).covered()

    assert ("T1485", "Data Destruction") in {one[:2] for one in found.techniques}
    assert 0 < found.covered < found.calls
    assert found.calls == found.covered + sum(number for _, number in found.gaps)
