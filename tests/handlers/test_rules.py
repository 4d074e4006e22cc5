"""`/callwarden rules`: what is on, what each is for, and reading them anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bot.detection.rule import RuleSet
from bot.detection.sigma import load
from bot.errors import BadInput
from bot.model import LeftOut, Override, iso
from bot.store import SqliteStore
from tests.builders import (
    ANA,
    BEN,
    NOON,
    FakeClock,
    judged,
    make_finding,
    make_rulebook,
    make_triage,
)
from tests.handlers.stage import Stage, told

RULE = "connect_instance_deleted"


def few(*, hushed: bool = False) -> RuleSet:
    """Three rules of ours, one of them in the shadow where *hushed*."""
    names = (RULE, "connect_emergency_access", "cloudtrail_blinded")
    found = load(override={RULE: Override(status="shadow")} if hushed else {})
    return RuleSet(tuple(rule for rule in found if rule.name in names))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A bot with three rules that speak."""
    clock, store = FakeClock(), SqliteStore(tmp_path / "few.db")
    yield Stage(store, clock, make_rulebook(store, clock, few()))
    store.close()


@pytest.fixture
def broken() -> list[str]:
    """What is wrong with the rules on disk."""
    return []


@pytest.fixture
def shadowed(tmp_path: Path, broken: list[str]) -> Iterator[Stage]:
    """A bot with one rule in the shadow and one file left out; a reload gives the pack as it is."""

    def read() -> RuleSet:
        if broken:
            raise BadInput(broken.pop())
        return few()

    clock, store = FakeClock(), SqliteStore(tmp_path / "shadowed.db")
    left_out = (LeftOut("mine/odd.yml", "it holds no rule"),)
    rules = RuleSet(few(hushed=True).rules, refused=left_out)
    made = Stage(store, clock, make_rulebook(store, clock, rules, read))
    yield made
    store.close()


def test_the_rules_are_listed(stage: Stage, shadowed: Stage) -> None:
    """Each by name, what is in the shadow marked, and first of all what was left out."""
    ours, mixed = str(stage.type("rules").body), str(shadowed.type("rules list").body)

    assert RULE in ours
    assert "shadow" not in ours
    assert "left out" not in ours
    assert "1 shadow rule" in mixed
    assert "odd.yml`: it holds no rule" in mixed
    assert ' shadow"' in mixed.replace("\\u00b7", "")


def test_a_rule_is_told(stage: Stage) -> None:
    """Why, what to do, what may be harmless; also where somebody shouts."""
    answer = json.loads(stage.type(f"RULES {RULE}").body)
    text = json.dumps(answer, ensure_ascii=False)

    assert answer["response_type"] == "ephemeral"
    assert "Someone deleted a Connect instance" in text
    assert "userIdentity.accessKeyId" in text
    assert "May be harmless" in text


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("rules connect_instance_delete", "Did you mean connect_instance_deleted?"),
        ("rules shadowy", "Or write one of list, shadow, coverage"),
        ("rule", "Did you mean /callwarden rules?"),
    ],
)
def test_a_mistake_gets_the_closest(stage: Stage, typed: str, hint: str) -> None:
    """A rule's name, or a word after rules."""
    assert hint in told(stage.type(typed))


def test_shadow_rules_say_what_they_would_have(shadowed: Stage, stage: Stage) -> None:
    """With how to promote one that was quiet for a week."""
    quiet = str(shadowed.type("rules shadow").body)
    [one] = judged(make_finding(rule=RULE))
    shadow = msgspec.structs.replace(one, findings=(), shadows=one.findings)
    shadowed.store.keep([shadow], make_triage(), iso(NOON))
    counted = str(shadowed.type("rules shadow").body)

    assert "0 would-be alerts in 7 days" in quiet
    assert f"[rules.override.{RULE}]" in quiet
    assert "1 would-be alert in 7 days" in counted
    assert "[rules.override" not in counted
    assert "1 would-be alert in 7 days" in str(shadowed.type(f"rules {RULE}").body)
    assert "No rule is in the shadow" in told(stage.type("rules shadow"))


def test_coverage_and_exceptions_are_told(stage: Stage) -> None:
    """Each with a word of its own."""
    assert "changing calls of Amazon Connect have a rule" in str(stage.type("rules coverage").body)
    assert told(stage.type("rules exceptions")) == told(stage.type("exceptions"))


def test_only_who_may_has_the_rules_read_anew(shadowed: Stage) -> None:
    """Looking is not enough; it is in the ledger, the refused try too."""
    refused = told(shadowed.type("rules  RELOAD", by=ANA))
    still = len(shadowed.bot.rules.shadows())
    done = told(shadowed.type("rules reload", by=BEN))

    assert "You may not have the rules read anew" in refused
    assert (still, len(shadowed.bot.rules.shadows())) == (1, 0)
    assert "3 rules and 0 correlations are on, 0 of them shadow" in done
    assert [link.kind for link in shadowed.store.links()] == ["reload.refused", "rules.reload"]


def test_broken_rules_leave_the_old_ones_on(shadowed: Stage, broken: list[str]) -> None:
    """Whoever asked hears why, and so does status until it is mended."""
    broken.append("1 thing(s) to mend in the rules.")
    said = told(shadowed.type("rules reload", by=BEN))
    status = str(shadowed.type("status").body)
    shadowed.type("rules reload", by=BEN)

    assert "The old rules stay on" in said
    assert "could not be read anew" in status
    assert "could not be read anew" not in str(shadowed.type("status").body)
    assert [link.kind for link in shadowed.store.links()] == [
        "rules.reload.refused",
        "rules.reload",
    ]
