"""What people decide about is what their window showed, whatever has come since."""

from __future__ import annotations

import json
from typing import Any

from bot.model import Alert, AlertState, ExemptionState, Scope, SnoozeState, iso
from tests.builders import INSTANCE, at, judged, make_actor, make_finding, make_record, make_triage
from tests.handlers.stage import Stage, told


def comes(stage: Stage, event_id: str, actor: str = "mallory", **changes: Any) -> Alert:
    """One more record, which folds into the one alert of the instance."""
    target = changes.get("target", "agent-profile")
    parameters = {"SecurityProfileId": target, "InstanceId": INSTANCE}
    raw = json.dumps({"eventID": event_id, "requestParameters": parameters}).encode()
    record = make_record(event_id, raw=raw, actor=make_actor(actor), **changes)
    finding = make_finding(record, fold=(INSTANCE,))
    stage.store.keep(judged(finding), make_triage(), iso(stage.clock.now()))
    (alert,) = stage.store.alerts([AlertState.OPEN], 5)
    stage.sends()
    return stage.alert(alert.id)


def opened(stage: Stage, choice: str, alert: Alert) -> dict[str, Any]:
    """The window of a choice in the ⋯ menu."""
    stage.choose(choice, alert.id)
    view: dict[str, Any] = stage.dialogs.opened.pop()
    return view


def expected(view: dict[str, Any]) -> dict[str, Any]:
    """The window filled in, everything ticked."""
    (options,) = [
        block["element"]["initial_options"]
        for block in view["blocks"]
        if block.get("block_id") == "equal"
    ]
    values = {
        "equal": {"chosen": {"selected_options": options}},
        "days": {"chosen": {"selected_option": {"value": "90"}}},
        "reason": {"written": {"value": "mallory's nightly task"}},
    }
    return view | {"state": {"values": values}}


def snoozed(view: dict[str, Any], scope: Scope = Scope.ALERT) -> dict[str, Any]:
    """The window filled in, for an hour."""
    values = {
        "scope": {"chosen": {"selected_option": {"value": scope.value}}},
        "hours": {"chosen": {"selected_option": {"value": "1"}}},
        "reason": {"written": {"value": "a drill"}},
    }
    return view | {"state": {"values": values}}


def test_an_exception_is_of_the_record_that_was_shown(stage: Stage) -> None:
    """Eve's record folds in while the window about mallory is open: mallory is proposed."""
    alert = comes(stage, "e-1")
    view = opened(stage, "expect", alert)
    assert "Same actor: mallory" in json.dumps(view)
    comes(stage, "e-2", "eve", target="admin", source_ip="203.0.113.66", time=at(2))

    assert stage.submit(expected(view)).body == ""

    (one,) = stage.store.exemptions([ExemptionState.PROPOSED])
    said = {each.aspect.value: each.value for each in one.conditions}
    assert said["actor"].endswith("/mallory")
    assert (said["target"], said["network"]) == ("agent-profile", "198.51.100.0/24")
    assert one.actor.name == "mallory"


def test_a_window_that_names_no_record_proposes_nothing(stage: Stage) -> None:
    """It was open over an update; nor does one that names a record of another alert."""
    alert = comes(stage, "e-1")
    view = expected(opened(stage, "expect", alert))

    old = stage.submit(view | {"private_metadata": alert.id})
    assert "Please open it again" in told(old)
    other = stage.submit(view | {"private_metadata": f"{alert.id} e-9"})
    assert "have passed their retention" in told(other)

    assert list(stage.store.exemptions(list(ExemptionState))) == []


def test_a_snooze_takes_nothing_for_known_that_was_not_shown(stage: Stage) -> None:
    """Eve comes while the window is open: it says so and is shown anew, and then it holds."""
    alert = comes(stage, "e-1")
    view = snoozed(opened(stage, "snooze", alert), Scope.RULE_ACTOR)
    comes(stage, "e-2", "eve", time=at(2))

    response = stage.submit(view)

    assert "Something new came while this window was open: actor eve" in told(response)
    assert list(stage.store.snoozes([SnoozeState.ON])) == []
    again = json.loads(response.body)["view"]
    chosen = [block for block in again["blocks"] if block.get("block_id") == "scope"]
    # Two actors now: "this actor" would be one of them only.
    assert chosen[0]["element"]["initial_option"]["value"] == Scope.ALERT
    assert stage.submit(snoozed(again)).body == ""
    assert len(stage.store.snoozes([SnoozeState.ON])) == 1


def test_more_of_the_same_does_not_hold_up_a_snooze(stage: Stage) -> None:
    """The same actor on another target is nothing new, but where the target is what is snoozed."""
    alert = comes(stage, "e-1")
    wide = snoozed(opened(stage, "snooze", alert))
    narrow = opened(stage, "snooze", alert)
    assert "What mallory does to agent-profile." in json.dumps(narrow)
    comes(stage, "e-2", target="admin", time=at(2))

    response = stage.submit(snoozed(narrow, Scope.RULE_ACTOR_TARGET))
    assert "The target is another one by now" in told(response)
    # Two targets now: "this target" would be one of them only.
    assert "What mallory does to" not in response.body
    assert stage.submit(wide).body == ""
