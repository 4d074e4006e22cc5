"""Submitted modals: errors at their fields, decisions in the store."""

from __future__ import annotations

import json
from typing import Any

from bot.model import AlertState, Verdict
from tests.builders import ANA, BEN
from tests.handlers.stage import EVE, Stage, told


def filled(stage: Stage, alert_id: str, verdict: str | None, note: str = "") -> dict[str, Any]:
    """The Resolve modal of an alert, opened by Ana and filled in."""
    stage.press("alert_resolve", alert_id)
    view = stage.dialogs.opened.pop()
    chosen = {"value": verdict} if verdict else None
    values = {
        "verdict": {"chosen": {"type": "radio_buttons", "selected_option": chosen}},
        "note": {"written": {"type": "plain_text_input", "value": note or None}},
    }
    return view | {"state": {"values": values}}


def test_a_verdict_resolves_the_alert(stage: Stage) -> None:
    """State, verdict, note and person are stored when the modal closes."""
    alert = stage.open_alert()

    response = stage.submit(filled(stage, alert.id, "false_positive", "a drill <!here>"))

    assert (response.status, response.body) == (200, "")
    after = stage.alert(alert.id)
    assert (after.state, after.verdict) == (AlertState.RESOLVED, Verdict.FALSE_POSITIVE)
    assert after.note == "a drill <!here>"
    assert after.resolved is not None
    assert after.resolved.by == ANA
    assert ("alert.resolve", alert.id, ANA.user) in stage.ledger()


def test_a_missing_verdict_is_said_at_its_field(stage: Stage) -> None:
    """The modal stays, with the error where it belongs; nothing is decided."""
    alert = stage.open_alert()

    response = stage.submit(filled(stage, alert.id, None, "just a note"))

    answer = json.loads(response.body)
    assert answer["response_action"] == "errors"
    assert list(answer["errors"]) == ["verdict"]
    assert stage.alert(alert.id).state is AlertState.OPEN


def test_who_submits_second_sees_who_was_first(stage: Stage) -> None:
    """Two open modals: the first decides, the second shows a sentence in its place."""
    alert = stage.open_alert()
    one, two = (filled(stage, alert.id, verdict) for verdict in ("expected", "true_positive"))
    stage.submit(one, ANA)

    response = stage.submit(two, BEN)

    assert "Ana was first" in told(response)
    assert stage.alert(alert.id).verdict is Verdict.EXPECTED
    assert ("alert.resolve.refused", alert.id, BEN.user) in stage.ledger()


def test_others_cannot_submit(stage: Stage) -> None:
    """Whom no setting names is refused in the modal, and the refusal is in the ledger."""
    alert = stage.open_alert()

    response = stage.submit(filled(stage, alert.id, "expected"), EVE)

    assert "You may not resolve alerts" in told(response)
    assert stage.alert(alert.id).state is AlertState.OPEN
    assert ("resolve.refused", alert.id, EVE.user) in stage.ledger()


def test_a_modal_without_an_alert_is_explained(stage: Stage) -> None:
    """A forged private_metadata decides nothing."""
    view = filled(stage, stage.open_alert().id, "expected") | {"private_metadata": "nothing"}

    assert "names no alert" in told(stage.submit(view))
