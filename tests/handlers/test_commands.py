"""`/callwarden`: a short private answer to everything, right or wrong."""

from __future__ import annotations

import json

import pytest

from bot.slack.lint import lint
from tests.builders import ANA, BEN, judged, make_actor, make_finding, make_record, make_triage
from tests.handlers.stage import EVE, Stage, told


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


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("statsu", "Did you mean /callwarden status?"),
        ("alrets", "Did you mean /callwarden alerts?"),
        ("alert", "Which alert? Write its id, such as A-7K2QF, after it."),
        ("alert A-00000", "There is no alert A-00000"),
        ("alerts rule", "Which rule? Write a part of its name after it."),
        (f"alerts actor {'x' * 501}", "No actor has so long a name."),
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
