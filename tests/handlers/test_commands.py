"""`/callwarden`: a short private answer to everything, right or wrong."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from bot import alerts, exemptions, snoozes
from bot.model import AlertState, Aspect, Scope, SnoozeState, Verb
from bot.slack.lint import lint
from tests.builders import (
    ANA,
    BEN,
    INSTANCE,
    judged,
    make_actor,
    make_ask,
    make_finding,
    make_record,
    make_triage,
)
from tests.handlers.conftest import Ear
from tests.handlers.stage import EVE, Stage, eventually, told


@pytest.mark.parametrize("typed", ["", "help", " HELP  me "])
def test_help_is_the_default(stage: Stage, typed: str) -> None:
    """Nothing typed, and help typed, list what there is."""
    assert "/callwarden alerts [open|mine|resolved|all]" in told(stage.type(typed))


def test_answers_are_private(stage: Stage) -> None:
    """Only the person who typed sees the answer, and it has a fallback text."""
    answer = json.loads(stage.type("help").body)

    assert answer["response_type"] == "ephemeral"
    assert answer["text"]


def test_status_tells_how_the_bot_is_doing(stage: Stage) -> None:
    """Feed, figures and ledger, from the running bot."""
    stage.open_alert()
    stage.press("alert_take", "A-00000")
    text = str(json.loads(stage.type("status").body))

    assert "`main`: 3 records" in text
    assert "Alerts open 1" in text
    assert "refused 1" in text
    assert "Ledger: 1 links" in text


def test_alerts_lists_what_is_open(stage: Stage) -> None:
    """An open alert is listed; after it is resolved only `all` shows it."""
    alert = stage.open_alert()
    assert alert.id in told(stage.type("alerts"))

    stage.press("alert_resolve", alert.id)
    values = {"verdict": {"chosen": {"selected_option": {"value": "expected"}}}}
    stage.submit(stage.dialogs.opened.pop() | {"state": {"values": values}})

    assert told(stage.type("alerts open")) == "No alert is open."
    assert alert.id in told(stage.type("alerts all"))


def test_an_alert_is_shown_with_its_buttons(stage: Stage) -> None:
    """By its id, however people write it; also as the word after alerts."""
    alert = stage.open_alert()

    for typed in (f"alert {alert.id}", f"ALERT {alert.id[2:].lower()}", f"alerts {alert.id}"):
        answer = json.loads(stage.type(typed).body)
        assert answer["response_type"] == "ephemeral"
        assert alert.headline in answer["blocks"][0]["text"]["text"]
        assert alert.id in str([one for one in answer["blocks"] if one["type"] == "actions"])


def test_mine_are_those_i_have(stage: Stage) -> None:
    """What Ana took is in her list and not in Ben's."""
    alert = stage.open_alert()
    stage.press("alert_take", alert.id, ANA)

    assert alert.id in told(stage.type("alerts mine", ANA))
    assert "You have no open alert." in told(stage.type("alerts mine", BEN))
    assert alert.id in told(stage.type("alerts all rule security actor MALLORY", BEN))


def test_mine_that_are_resolved_are_those_i_resolved(stage: Stage) -> None:
    """Two words narrow together; none is dropped without a word."""
    alert = stage.open_alert()
    stage.press("alert_take", alert.id, BEN)
    assert "No alert matches: mine resolved." in told(stage.type("alerts mine resolved", BEN))
    ask = make_ask(alert.id, Verb.RESOLVE, BEN)
    assert alerts.decide(stage.bot, ask).accepted
    assert alert.id in told(stage.type("alerts resolved mine", BEN))
    assert "No alert matches" in told(stage.type("alerts mine resolved", ANA))


def pressed(stage: Stage, ear: Ear, page: dict[str, Any], label: str) -> dict[str, Any]:
    """The page that a button of *page* turns to."""
    (button,) = [
        element
        for block in page["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
        if element["text"]["text"] == label
    ]
    before = len(ear.heard)
    stage.press(button["action_id"], button["value"], response_url=ear.url)
    assert eventually(lambda: len(ear.heard) > before)
    return ear.heard[-1]


def test_all_snoozes_can_be_seen(stage: Stage, ear: Ear) -> None:
    """Thirty of them, in pages, with a true count; the last page where some end meanwhile."""
    for number in range(30):
        named(stage, f"e-{number}", f"m{number}", fold=(str(number),))
    for alert in stage.store.alerts([AlertState.OPEN], 50):
        assert snooze(stage, alert.id)
    page = json.loads(stage.type("snoozes").body)
    seen = [title(page)]
    for _ in range(3):
        page = pressed(stage, ear, page, "Next ▸")
        seen.append(title(page))
    assert seen == [
        f"Snoozes: {first} to {last} of 30, the first to end first"
        for first, last in ((1, 8), (9, 16), (17, 24), (25, 30))
    ]
    assert "Next ▸" not in json.dumps(page, ensure_ascii=False)

    for one in stage.store.snoozes([SnoozeState.ON], 10):
        stage.press("snooze_end", one.id)
    assert title(pressed(stage, ear, page, "◂ Back")).startswith("Snoozes: 17 to 20 of 20")


def test_all_exceptions_can_be_seen(stage: Stage, ear: Ear) -> None:
    """Nine of them: the ninth is on the second page."""
    for number in range(9):
        named(stage, f"e-{number}", f"m{number}", fold=(str(number),))
    for alert in stage.store.alerts([AlertState.OPEN], 50):
        asked = msgspec.structs.replace(
            make_ask(alert.id, Verb.EXCEPT, note="nightly"), equal=(Aspect.ACTOR,), days=30
        )
        assert exemptions.propose(stage.bot, asked).accepted
    page = json.loads(stage.type("exceptions").body)
    assert title(page) == "Exceptions: 1 to 8 of 9, the first to end first"
    page = pressed(stage, ear, page, "Next ▸")
    assert title(page) == "Exceptions: 9 to 9 of 9, the first to end first"
    assert title(pressed(stage, ear, page, "◂ Back")).startswith("Exceptions: 1 to 8 of 9")


def test_what_is_kept_quiet_is_counted_and_can_be_seen(stage: Stage) -> None:
    """By status and under every list of alerts; nothing is said where nothing is kept quiet."""
    alert = stage.open_alert()
    assert "Snoozes on" not in stage.type("status").body + stage.type("alerts").body
    assert snooze(stage, alert.id, Scope.RULE_ACTOR)
    named(stage, "e-9", "mallory", fold=("elsewhere",))
    for typed in ("status", "alerts", "alerts resolved"):
        body = stage.type(typed).body
        assert "Snoozes on: 1, `/callwarden snoozes`" in body
        assert "Alerts without a card: 1, `/callwarden alerts held`" in body
    held = told(stage.type("alerts held"))
    assert "Alerts, open held: 1 to 1 of 1" in held
    assert "No card yet: held back by `SN-" in held
    assert alert.id not in held

    for one in stage.store.snoozes([SnoozeState.ON]):
        stage.press("snooze_end", one.id)
    assert "Snoozes on" not in stage.type("status").body


def title(page: dict[str, Any]) -> str:
    """What stands above a list."""
    return str(page["blocks"][0]["text"]["text"])


def snooze(stage: Stage, alert: str, scope: Scope = Scope.ALERT) -> bool:
    """Ana snoozes *alert* for an hour."""
    ask = make_ask(alert, Verb.SNOOZE, note="a drill", moment=stage.clock.iso)
    return snoozes.decide(stage.bot, msgspec.structs.replace(ask, scope=scope, hours=1)).accepted


def named(stage: Stage, event_id: str, name: str, **changes: Any) -> None:
    """A record by *name*, folding by instance alone."""
    finding = make_finding(make_record(event_id, actor=make_actor(name)), **changes)
    stage.store.keep(judged(finding), make_triage(), stage.clock.iso)


def test_an_alert_is_found_by_every_actor_it_has_shown(stage: Stage) -> None:
    """Also by one that folded in later; not by one that it has not."""
    for name in ("mallory", "Eve"):
        named(stage, f"e-{name}", name, fold=(INSTANCE,))
    for name in ("eve", "MALLORY", "user/eve"):
        assert "1 to 1 of 1" in told(stage.type(f"alerts actor {name}"))
    assert "No alert matches" in told(stage.type("alerts actor trudy"))


@pytest.mark.parametrize(
    "typed",
    [
        'alerts actor "Ana Maria"',
        "alerts actor “ana maria”",
        "alerts actor „Ana Maria“ open",
        "alerts actor «ana maria»",
        "alerts actor ‘Ana Maria’",
        "alerts actor 'Ana Maria'",
        "alerts actor “ana maria",
        "alerts rule My_Rule_X actor maria",
        "alerts rule “my_rule”",
    ],
)
def test_a_name_may_stand_in_any_quotes_and_case(stage: Stage, typed: str) -> None:
    """As phones type them."""
    named(stage, "e-1", "Ana Maria", rule="My_Rule_X")
    named(stage, "e-2", "Ana", rule="another")
    assert "1 to 1 of 1" in told(stage.type(typed))


def test_an_apostrophe_is_part_of_a_name(stage: Stage) -> None:
    """And the list's buttons ask for the same again."""
    for number in range(9):
        finding = make_finding(
            make_record(f"e-{number}", actor=make_actor(f"Pat O'Neil {number}")),
            fold=(str(number),),
        )
        stage.store.keep(judged(finding), make_triage(), stage.clock.iso)
    assert "of 9" in told(stage.type("alerts actor o'neil"))
    page = json.loads(stage.type("alerts actor “Pat O'Neil”").body)
    (turning,) = [one["elements"] for one in page["blocks"] if one["type"] == "actions"]
    assert turning[0]["value"] == '8 open actor "Pat O\'Neil"'


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("statsu", "Did you mean /callwarden status?"),
        ("alrets", "Did you mean /callwarden alerts?"),
        ("alert", "Which alert? Write its id, such as A-7K2QF, after it."),
        ("alert A-00000", "There is no alert A-00000"),
        ("alerts rule", "Which rule? Write a part of its name after it."),
        ("alerts actor “”", "Which actor? Write a part of its name after it."),
        ("alerts open resolved", "open and resolved exclude each other: all lists both."),
        ("alerts actor ana actor ben", "I can look for one actor at a time: 'ana' or 'ben'?"),
        ("alerts actor Ana Maria", 'A name with a space goes in quotes: actor "Ana Maria".'),
        (f"alerts actor {'x' * 501}", "That actor is too long: 500 characters at most."),
        ("alerts open by", "rule NAME and actor NAME, not by 'by'"),
        ("alerts al", "Did you mean /callwarden alerts all?"),
        ("alerts opne", "Did you mean /callwarden alerts open?"),
        ("xyzzy", "Try /callwarden help."),
        ("alerts 7", "I can list open, mine, resolved, all alerts, not '7'."),
        ("<!channel>", "I do not know '<!channel>'"),
    ],
)
def test_a_mistake_gets_the_closest_verb(stage: Stage, typed: str, hint: str) -> None:
    """A typing error is answered with what was probably meant."""
    assert hint in told(stage.type(typed))


def test_a_long_filter_is_whole_on_the_next_page(stage: Stage) -> None:
    """A button that carried half of it would list what nobody asked for."""
    for number in range(9):
        record = make_record(f"e-{number}", target=f"t-{number}", actor=make_actor("x" * 450))
        finding = make_finding(record, fold=(str(number),))
        stage.store.keep(judged(finding), make_triage(), stage.clock.iso)

    answer = json.loads(stage.type(f"alerts actor {'x' * 450}").body)

    [turn] = [block for block in answer["blocks"] if block["type"] == "actions"]
    assert turn["elements"][0]["value"] == f"8 open actor {'x' * 450}"
    assert lint(answer) == []


def test_others_learn_nothing(stage: Stage) -> None:
    """Whom no setting names is told so in the ack, and it is in the ledger."""
    stage.open_alert()

    assert told(stage.type("alerts", EVE)).startswith("You may not look at alerts")
    assert ("look.refused", "/callwarden", EVE.user) in stage.ledger()
    assert stage.sends() == []
