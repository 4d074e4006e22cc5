"""A storm's alerts are reached by button and by command; whoever opens one brings it out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.model import Alert, AlertState, Level, SendKind, iso
from bot.storms import Storms
from tests.builders import ANA, judged, make_actor, make_finding, make_record, make_triage
from tests.handlers.conftest import Ear
from tests.handlers.stage import EVE, Stage, eventually, told

STORMS = Storms(cards_per_minute=5, calm=timedelta(seconds=60))


@pytest.fixture
def held(stage: Stage) -> Alert:
    """The first of twenty alerts that a storm holds back; its message stands."""
    records = [make_record(f"e-{n}", actor=make_actor(f"crowd-{n:02}")) for n in range(20)]
    findings = [make_finding(record, level=Level.HIGH) for record in records]
    stage.store.keep(judged(*findings), make_triage(storms=STORMS), iso(stage.clock.now()))
    stage.sends()
    return stage.store.alerts([AlertState.OPEN], actor="crowd-00")[0]


def show(stage: Stage, ear: Ear, by: Any = ANA) -> None:
    """*by* presses **Show the alerts**."""
    [storm] = stage.store.storms_on()
    stage.press("storm_alerts", f"0 open storm {storm.id}", by, response_url=ear.url)


def test_the_button_shows_the_alerts_to_who_pressed_it(stage: Stage, held: Alert, ear: Ear) -> None:
    """The storm's message stays; the list can be turned."""
    show(stage, ear)

    assert eventually(lambda: len(ear.heard) == 1)
    [page] = ear.heard
    assert (page["response_type"], page["replace_original"]) == ("ephemeral", False)
    assert page["text"] == f"Alerts, open storm {held.storm}: 1 to 8 of 20, worst first"
    [turning] = page["blocks"][-1]["elements"]
    stage.press(turning["action_id"], turning["value"], response_url=ear.url)
    assert eventually(lambda: len(ear.heard) == 2)
    assert ear.heard[1]["replace_original"] is True
    assert "9 to 16 of 20" in ear.heard[1]["text"]


def test_who_may_not_look_is_shown_nothing(stage: Stage, held: Alert, ear: Ear) -> None:
    """Eve is named by no setting."""
    show(stage, ear, EVE)

    assert ear.heard == []
    assert [entry[0] for entry in stage.ledger()][-1] == "look.refused"


@pytest.mark.parametrize("words", ["storm", "open storm", "storm open", "all storm", "storm {id}"])
def test_a_storms_alerts_are_listed_by_command(stage: Stage, held: Alert, words: str) -> None:
    """With or without its id, in any case."""
    answer = told(stage.type(f"alerts {words.format(id=held.storm.lower())}"))

    assert "1 to 8 of 20" in answer


def test_a_storm_that_is_not_there_has_no_alerts(stage: Stage, held: Alert) -> None:
    """Nothing is listed in its place."""
    assert told(stage.type("alerts storm ST-00000")) == "No alert matches: open storm ST-00000."


@pytest.mark.parametrize("how", ["details", "command"])
def test_whoever_opens_a_held_alert_brings_its_card(stage: Stage, held: Alert, how: str) -> None:
    """Others see it then, and can talk about it; a second look changes nothing."""
    for _ in range(2):
        if how == "details":
            stage.press("alert_details", held.id)
        else:
            assert held.headline in told(stage.type(f"alert {held.id}"))

    assert [(send.kind, send.subject) for send in stage.sends()] == [(SendKind.CARD, held.id)]
    assert not stage.alert(held.id).in_storm


def test_a_held_alert_is_taken_from_its_private_card(stage: Stage, held: Alert) -> None:
    """Its card goes to the channel, with the name on it."""
    stage.press("alert_take", held.id)

    assert [(send.kind, send.subject) for send in stage.sends()] == [(SendKind.CARD, held.id)]
    assert stage.alert(held.id).state is AlertState.TAKEN


def test_status_counts_storms(stage: Stage, held: Alert) -> None:
    """Those that are on now."""
    assert "Storms now 1" in str(stage.type("status").body)
