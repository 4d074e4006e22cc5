"""`/callwarden rules`: what is on, what each is for, and reading them anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.detection.rule import RuleSet
from bot.detection.sigma import load
from bot.errors import BadInput
from bot.model import LeftOut, Override, iso
from bot.rulefacts import facts_of
from bot.slack.cards import rule_list
from bot.slack.lint import lint
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
from tests.handlers.conftest import Ear
from tests.handlers.stage import EVE, Stage, eventually, told

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
        ("rules connect_instance_deletd", "Did you mean connect_instance_deleted?"),
        ("rules shadowy", "Or write one of list, explain, shadow, coverage"),
        ("rules explain connect_mass_deleted", "Did you mean"),
        ("rules explain", "Which rule?"),
        ("rules list " + "x" * 201, "That is too long"),
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


def reloaded(stage: Stage, ear: Ear) -> str:
    """What Ben hears who has the rules read anew. It comes late: the reading may take its time."""
    before = len(ear.heard)
    response = stage.type("rules reload", by=BEN, response_url=ear.url)

    assert (response.status, response.body) == (200, "")
    assert eventually(lambda: len(ear.heard) > before, 20)
    assert ear.heard[-1]["response_type"] == "ephemeral"
    return str(ear.heard[-1]["text"])


def test_only_who_may_has_the_rules_read_anew(shadowed: Stage, ear: Ear) -> None:
    """Looking is not enough; it is in the ledger, the refused try too."""
    refused = told(shadowed.type("rules  RELOAD", by=ANA))
    still = len(shadowed.bot.rules.shadows())
    done = reloaded(shadowed, ear)

    assert "You may not have the rules read anew" in refused
    assert (still, len(shadowed.bot.rules.shadows())) == (1, 0)
    assert "3 rules and 0 correlations are on, 0 of them shadow" in done
    assert [link.kind for link in shadowed.store.links()] == ["reload.refused", "rules.reload"]


def test_broken_rules_leave_the_old_ones_on(shadowed: Stage, broken: list[str], ear: Ear) -> None:
    """Whoever asked hears why, and so does status until it is mended."""
    broken.append("1 thing(s) to mend in the rules.")
    said = reloaded(shadowed, ear)
    status = str(shadowed.type("status").body)
    reloaded(shadowed, ear)

    assert "The old rules stay on" in said
    assert "could not be read anew" in status
    assert "could not be read anew" not in str(shadowed.type("status").body)
    assert [link.kind for link in shadowed.store.links()] == [
        "rules.reload.refused",
        "rules.reload",
    ]


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Stage]:
    """A bot with all our rules and correlations, one of each in the shadow."""
    clock, store = FakeClock(), SqliteStore(tmp_path / "whole.db")
    hushed = dict.fromkeys((RULE, CHAIN), Override(status="shadow"))
    yield Stage(store, clock, make_rulebook(store, clock, load(override=hushed)))
    store.close()


CHAIN = "connect_mass_delete"


def test_what_is_no_name_is_looked_for(whole: Stage) -> None:
    """A kind, a level or half a name lists what fits; near miss: what fits nothing is said."""
    assert "connect_emergency_access" in told(whole.type("rules critical emergency"))
    assert CHAIN in told(whole.type("rules mass_delete"))
    assert "There is no rule called 'conect_mas_delete'" in told(
        whole.type("rules conect_mas_delete")
    )


def listed(page: dict[str, Any]) -> list[str]:
    """The names on a page, as they stand in its menu; none where it has none."""
    menus = [one for one in page["blocks"][-1].get("elements", ()) if "options" in one]
    return [option["value"] for menu in menus for option in menu["options"]]


def turned(stage: Stage, ear: Ear, page: dict[str, Any], action: str) -> dict[str, Any] | None:
    """The page that **Next ▸** or **◂ Back** leads to; None where there is no such button."""
    buttons = [one for one in page["blocks"][-1]["elements"] if one["action_id"] == action]
    if not buttons:
        return None
    before = len(ear.heard)
    stage.press(action, buttons[0]["value"], response_url=ear.url)
    assert eventually(lambda: len(ear.heard) > before)
    return ear.heard[-1]


def test_all_rules_can_be_turned_through(whole: Stage, ear: Ear) -> None:
    """Each rule and correlation once, on pages that Slack takes and a phone shows; and back."""
    page: dict[str, Any] | None = json.loads(whole.type("rules").body)
    seen: list[str] = []
    pages = []
    while page is not None:
        assert lint(page) == []
        assert len(page["blocks"]) <= 20
        pages.append(page)
        seen += listed(page)
        page = turned(whole, ear, page, "alerts_on")

    assert seen == [one.name for one in whole.bot.rules.facts()]
    assert {CHAIN, RULE} <= set(seen)
    assert len(pages) == -(-len(seen) // 15)
    back = turned(whole, ear, pages[-1], "alerts_back")
    assert back is not None
    assert listed(back) == listed(pages[-2])


@pytest.mark.parametrize(
    ("words", "some", "none"),
    [
        ("critical", "connect_emergency_access", "connect_mass_delete"),
        ("CRITICAL high emergency", "connect_emergency_access", "iam_user_created_then_raised"),
        ("correlations delete", CHAIN, RULE),
        ("correlation shadow", CHAIN, RULE),
        ("shadow", RULE, "connect_emergency_access"),
        ("t1485 stable", "connect_queue_deleted", RULE),
        ("'mass delete' ours", CHAIN, RULE),
        ("persistence saml", "iam_saml_provider_changed", CHAIN),
    ],
)
def test_words_make_the_list_short(
    whole: Stage, ear: Ear, words: str, some: str, none: str
) -> None:
    """By level, status, kind, tag, or a part of a name or title; the words stay when it turns."""
    page: dict[str, Any] | None = json.loads(whole.type(f"rules list {words}").body)
    seen: list[str] = []
    while page is not None:
        assert "Those that fit" in str(page)
        seen += listed(page)
        page = turned(whole, ear, page, "alerts_on")

    assert some in seen
    assert none not in seen
    assert len(seen) < len(whole.bot.rules.facts()) / 2


def test_words_that_fit_nothing_are_answered(whole: Stage) -> None:
    """With what could be written instead."""
    said = told(whole.type("rules list yours nonesuch"))

    assert "No rule fits `yours nonesuch`" in said
    assert "`t1078`" in said


def test_a_rule_of_a_page_is_explained(whole: Stage, ear: Ear) -> None:
    """To who picked it; the list stays. A correlation says when it speaks."""
    page = json.loads(whole.type("rules list mass").body)
    whole.pick("rule_explain", listed(page)[0], response_url=ear.url)

    assert eventually(lambda: len(ear.heard) == 1)
    [card] = ear.heard
    assert (card["response_type"], card["replace_original"]) == ("ephemeral", False)
    text = json.dumps(card, ensure_ascii=False)
    assert lint(card) == []
    assert "*Speaks of* 15 records or more of chain_connect_deleted or" in text
    assert "a correlation · high" in text
    assert "0 would-be alerts in 7 days" in text
    assert card["blocks"] == json.loads(whole.type(f"rules explain {CHAIN}").body)["blocks"]


def test_a_rule_that_went_meanwhile_is_said(whole: Stage, ear: Ear) -> None:
    """The list may be older than the rules; and who may not look is told nothing."""
    whole.pick("rule_explain", "gone_by_now", response_url=ear.url)
    whole.pick("rule_explain", CHAIN, EVE, response_url=ear.url)

    gone, refused = (str(send.body) for send in whole.sends())
    assert "There is no rule called 'gone_by_now'" in gone
    assert "You may not" in refused
    assert ear.heard == []


def test_the_longest_names_fit_a_page() -> None:
    """Of users' own rules, all of a page are shown whatever they are called."""
    long = [
        msgspec.structs.replace(
            facts_of(next(iter(few()))), name=f"{n:02}" + "x" * 78, title="y" * 200
        )
        for n in range(15)
    ]
    left_out = [LeftOut("/a/" * 100, "z" * 400)] * 9
    page = rule_list(long, offset=0, total=99, shadow=3, left_out=left_out)

    assert lint(page) == []
    assert [one.name for one in long] == listed(dict(page))
    assert sum(f"`{n:02}xxx" in str(page["blocks"]) for n in range(15)) == 15
