"""Buttons: each press is recorded once, with its person, before it is acked."""

from __future__ import annotations

import msgspec
import pytest

from bot.errors import Refused
from bot.model import AlertState, SendKind, iso
from tests.builders import (
    ANA,
    BEN,
    CHANNEL,
    at,
    judged,
    make_actor,
    make_finding,
    make_record,
    make_triage,
    quiet,
)
from tests.handlers.stage import EVE, Stage, eventually, member, told


def test_take_it_makes_the_alert_mine(stage: Stage) -> None:
    """The store has the owner when the ack goes, and the card is redrawn."""
    alert = stage.open_alert()

    response = stage.press("alert_take", alert.id)

    assert (response.status, response.body) == (200, "")
    taken = stage.alert(alert.id).taken
    assert taken is not None
    assert (taken.by, taken.at) == (ANA, stage.clock.iso)
    assert [send.kind for send in stage.sends()] == [SendKind.EDIT, SendKind.NOTE]
    assert ("alert.take", alert.id, ANA.user) in stage.ledger()


def test_who_comes_second_is_told_who_was_first(stage: Stage) -> None:
    """The second press changes nothing and gets a private answer where it was pressed."""
    alert = stage.open_alert()
    stage.press("alert_take", alert.id, ANA)
    stage.sends()

    response = stage.press("alert_take", alert.id, BEN)

    assert response.status == 200
    (answer,) = stage.sends()
    assert (answer.kind, answer.channel, answer.user) == (SendKind.EPHEMERAL, CHANNEL, BEN.user)
    assert "Ana was first" in str(answer.body["text"])
    assert stage.alert(alert.id).taken.by == ANA  # type: ignore[union-attr]  # asserted above


def test_the_same_press_twice_is_one_press(stage: Stage) -> None:
    """An envelope that is delivered again changes nothing and says nothing."""
    alert = stage.open_alert()
    for _ in range(2):
        stage.press("alert_take", alert.id, ANA, trigger_id="same")

    assert [kind for kind, _, _ in stage.ledger()].count("alert.take") == 1
    assert [send.kind for send in stage.sends()] == [SendKind.EDIT, SendKind.NOTE]


def test_resolve_opens_its_modal(stage: Stage) -> None:
    """The modal is about this alert; nothing is decided yet."""
    alert = stage.open_alert()

    stage.press("alert_resolve", alert.id)

    (view,) = stage.dialogs.opened
    assert (view["callback_id"], view["private_metadata"]) == ("resolve_alert", alert.id)
    assert stage.alert(alert.id).state is AlertState.OPEN


def test_resolve_on_a_resolved_alert_says_so(stage: Stage) -> None:
    """An old card's button opens nothing; the answer names who resolved it."""
    alert = stage.open_alert()
    stage.press("alert_resolve", alert.id)
    view = stage.dialogs.opened.pop()
    values = {"verdict": {"chosen": {"selected_option": {"value": "expected"}}}}
    stage.submit(view | {"state": {"values": values}}, ANA)
    stage.sends()

    stage.press("alert_resolve", alert.id, BEN)

    assert stage.dialogs.opened == []
    (answer,) = stage.sends()
    assert "Ana was first" in str(answer.body["text"])


def test_details_show_the_alert(stage: Stage) -> None:
    """The modal opens, without the raw record's button for one who may not have it."""
    alert = stage.open_alert()

    stage.press("alert_details", alert.id, ANA)
    stage.press("alert_details", alert.id, BEN)

    for_ana, for_ben = stage.dialogs.opened
    assert alert.headline in str(for_ana)
    assert "alert_raw" not in str(for_ana)
    assert "alert_raw" in str(for_ben)


def test_details_get_a_picture_where_more_than_one_thing_happened(stage: Stage) -> None:
    """In the reader's time zone, with the alert's own calls marked; a lone call has none."""
    alert = stage.open_alert()
    stage.press("alert_details", alert.id, ANA)
    assert stage.pictures.asked == []

    actor = msgspec.structs.replace(make_actor(), name="Mallory +41 79 123 45 67")
    other = make_record("e-2", time=at(9), error_code="AccessDenied", actor=actor)
    stage.store.keep(quiet(other), make_triage(), iso(stage.clock.now()))
    stage.directory.cached[ANA.user] = member(ANA, zone="Europe/Zurich")
    stage.press("alert_details", alert.id, ANA)

    assert eventually(lambda: bool(stage.pictures.asked))  # after the ack
    (opened, timeline, view), plain = stage.pictures.asked[0], stage.dialogs.opened[-1]
    assert opened.id == "V2"
    assert (timeline.middle, timeline.minutes, timeline.zone) == (at(), 30, "Europe/Zurich")
    assert [track.name for track in timeline.tracks] == ["mallory", "agent-profile", "198.51.100.7"]
    assert [(dot.own, dot.refused) for dot in timeline.tracks[0].dots] == [(True, 0), (False, 1)]
    (image,) = [block for block in view["blocks"] if block not in plain["blocks"]]
    assert image["slack_file"] == {"id": "F1"}
    assert "2 calls by this actor, 1 refused" in image["alt_text"]


def test_no_callers_number_is_in_the_picture(stage: Stage) -> None:
    """A target may hold one; a name may too."""
    number = "+41 79 123 45 67"
    actor = msgspec.structs.replace(make_actor(), name=f"Mallory {number}")
    records = [make_record(f"e-{n}", actor=actor, target=number) for n in range(2)]
    findings = [make_finding(record) for record in records]
    stage.store.keep(judged(*findings), make_triage(), iso(stage.clock.now()))
    (alert,) = stage.store.alerts([AlertState.OPEN], 1)
    stage.press("alert_details", alert.id, ANA)

    assert eventually(lambda: bool(stage.pictures.asked))  # after the ack
    names = [track.name for track in stage.pictures.asked[0][1].tracks]
    assert names == ["Mallory +41•••••67", "+41•••••67", "198.51.100.7"]


def test_status_says_that_pictures_do_not_come(stage: Stage) -> None:
    """Why, and what to do; the rest of status is as ever."""
    stage.pictures.why = "Install it again. Left out so far: 3."
    assert "No pictures in Details: Install it again. Left out so far: 3." in told(
        stage.type("status")
    )
    stage.pictures.why = ""
    assert "No pictures" not in told(stage.type("status"))


def test_the_raw_record_goes_by_direct_message(stage: Stage) -> None:
    """It is queued for the person who pressed, and the reveal is in the ledger."""
    alert = stage.open_alert()

    stage.press("alert_raw", alert.id, BEN, in_modal=True)

    (message,) = stage.sends()
    assert (message.kind, message.channel) == (SendKind.DM, BEN.user)
    assert ("alert.raw", alert.id, BEN.user) in stage.ledger()


def test_the_raw_record_is_not_for_everybody(stage: Stage) -> None:
    """Ana may resolve but not read raw records: refused, ledgered, told beside the card."""
    alert = stage.open_alert()

    stage.press("alert_raw", alert.id, ANA, in_modal=True)

    (answer,) = stage.sends()
    assert (answer.kind, answer.channel, answer.user) == (SendKind.EPHEMERAL, CHANNEL, ANA.user)
    assert "You may not receive raw records" in str(answer.body["text"])
    assert ("raw.refused", alert.id, ANA.user) in stage.ledger()


@pytest.mark.parametrize("action", ["alert_take", "alert_resolve", "alert_details", "alert_raw"])
def test_every_button_is_closed_to_others(stage: Stage, action: str) -> None:
    """Whom no setting names can do nothing, and the alert stays as it was."""
    alert = stage.open_alert()

    stage.press(action, alert.id, EVE)

    assert stage.dialogs.opened == []
    assert stage.alert(alert.id) == alert
    (answer,) = stage.sends()
    assert "You may not" in str(answer.body["text"])


def test_a_refusal_does_not_tell_whether_an_alert_exists(stage: Stage) -> None:
    """Turned away, one hears the same about a real and an invented id."""
    alert = stage.open_alert()
    stage.press("alert_details", alert.id, EVE)
    stage.press("alert_details", "A-ZZZZZ", EVE)

    real, invented = stage.sends()
    assert real.body["text"] == invented.body["text"]


@pytest.mark.parametrize("value", ["", "no id", "A-7K2QF'; DROP TABLE alerts"])
def test_a_button_without_an_id_is_answered(stage: Stage, value: str) -> None:
    """A forged or ancient value is a sentence, not a crash."""
    stage.press("alert_take", value)

    (answer,) = stage.sends()
    assert "names no alert" in str(answer.body["text"])


def test_an_alert_that_is_gone_is_answered(stage: Stage) -> None:
    """A card can outlive its alert."""
    for action in ("alert_take", "alert_resolve", "alert_details"):
        response = stage.press(action, "A-00000")

        assert response.status == 200
        (answer,) = stage.sends()
        assert "There is no alert A-00000" in str(answer.body["text"])


def test_a_modal_that_does_not_open_is_explained(stage: Stage) -> None:
    """Slack's refusal becomes a private sentence; the next press works."""
    alert = stage.open_alert()
    stage.dialogs.fault = Refused("views.open", "expired_trigger_id")
    stage.press("alert_details", alert.id)

    (answer,) = stage.sends()
    assert "expired_trigger_id" in str(answer.body["text"])

    stage.dialogs.fault = None
    assert told(stage.press("alert_details", alert.id)) == ""
    assert len(stage.dialogs.opened) == 1
