"""The guard: unknown means no, nothing is asked of Slack before the ack."""

from __future__ import annotations

import json

import msgspec
import pytest

from bot.model import Allowed, Member, Person, SendKind, Verb
from handlers.guard import Reason, may
from tests.builders import ANA, BEN
from tests.handlers.conftest import Ear
from tests.handlers.stage import EVE, Stage, eventually, member, told

BY_NAME = Allowed(users=("U0ANA",))
BY_GROUP = Allowed(groups=("S0SEC", "S0OPS"))
EVERYONE = Allowed(everyone=True)
NOBODY = Allowed()


@pytest.mark.parametrize(
    ("person", "allowed", "reason"),
    [
        (member(ANA), BY_NAME, Reason.ALLOWED),
        (member(ANA), BY_GROUP, Reason.ALLOWED),
        (member(ANA, groups=("S0OTHER",)), BY_GROUP, Reason.NOT_NAMED),
        (member(EVE), EVERYONE, Reason.ALLOWED),
        (member(EVE), BY_NAME, Reason.NOT_NAMED),
        (member(ANA), NOBODY, Reason.NOT_NAMED),
        (None, EVERYONE, Reason.UNKNOWN),
        (member(ANA, guest=True), BY_NAME, Reason.GUEST),
        (member(ANA, guest=True), EVERYONE, Reason.GUEST),
        (member(ANA, deleted=True), BY_NAME, Reason.DEACTIVATED),
        (member(ANA, bot=True), BY_NAME, Reason.BOT),
        (member(ANA, stranger=True), BY_NAME, Reason.STRANGER),
        (member(ANA, team="T0ELSE"), BY_NAME, Reason.STRANGER),
        (member(ANA, team="T0ELSE"), EVERYONE, Reason.STRANGER),
    ],
)
@pytest.mark.parametrize("verb", Verb)
def test_who_may_and_why_not(
    verb: Verb, person: Member | None, allowed: Allowed, reason: Reason
) -> None:
    """Only a named, active, full member of this workspace may; each no has its reason."""
    ruling = may(verb, person, allowed, "T0TEAM")

    assert (ruling.allowed, ruling.reason) == (reason is Reason.ALLOWED, reason)
    assert bool(ruling.sentence) is not ruling.allowed


def test_no_workspace_lets_nobody_in() -> None:
    """A bot that does not know its own workspace trusts no one."""
    assert may(Verb.LOOK, member(ANA, team=""), EVERYONE, "").reason is Reason.STRANGER


def test_a_stranger_of_another_workspace_is_refused(stage: Stage) -> None:
    """The team is the person's, not the channel's: a Slack Connect stranger is turned away."""
    alert = stage.open_alert()
    stranger = msgspec.structs.replace(ANA, team="T0ELSE")

    stage.press("alert_take", alert.id, stranger)

    assert stage.alert(alert.id).taken is None
    assert ("take.refused", alert.id, ANA.user) in stage.ledger()


def test_a_person_without_a_team_is_refused(stage: Stage) -> None:
    """What Slack does not say is not assumed."""
    alert = stage.open_alert()

    stage.press("alert_take", alert.id, user={"id": ANA.user, "name": "Ana"})

    assert stage.alert(alert.id).taken is None


# ── people we have to ask about ─────────────────────────────────────────────


def test_an_unknown_presser_is_looked_up_after_the_ack(stage: Stage) -> None:
    """The ack comes at once; then Slack is asked, and the press counts."""
    alert = stage.open_alert()
    stage.directory.forget()

    assert stage.press("alert_take", alert.id).status == 200

    assert eventually(lambda: stage.alert(alert.id).taken is not None)


def test_an_unknown_presser_who_may_not_is_refused_after_the_ack(stage: Stage) -> None:
    """Looked up and found to be a guest: nothing is done, and it is in the ledger."""
    alert = stage.open_alert()
    stage.directory.forget()
    stage.directory.slack[ANA.user] = member(ANA, guest=True)

    stage.press("alert_take", alert.id)

    assert eventually(lambda: ("take.refused", alert.id, ANA.user) in stage.ledger())
    assert stage.alert(alert.id).taken is None
    assert "Guests may not" in str(stage.sends()[0].body["text"])


def test_nobody_is_let_in_while_slack_is_down(stage: Stage) -> None:
    """Who cannot be looked up is refused with that reason; when Slack is back, it works."""
    alert = stage.open_alert()
    stage.directory.forget()
    stage.directory.down = True
    stage.press("alert_take", alert.id)

    assert eventually(lambda: ("take.refused", alert.id, ANA.user) in stage.ledger())
    assert "could not check who you are" in str(stage.sends()[0].body["text"])
    assert stage.alert(alert.id).taken is None

    stage.directory.down = False
    stage.press("alert_take", alert.id)
    assert eventually(lambda: stage.alert(alert.id).taken is not None)


def test_who_is_named_needs_no_group(stage: Stage) -> None:
    """While nothing is known of the groups, those whom a verb names by their id may act."""
    alert = stage.open_alert()
    stage.directory.unknown_groups = frozenset({"S0SEC"})
    stage.directory.down = True

    stage.press("alert_raw", alert.id, BEN)
    assert [send.kind for send in stage.sends()] == [SendKind.DM]

    stage.press("alert_take", alert.id, BEN)
    assert eventually(lambda: ("take.refused", alert.id, BEN.user) in stage.ledger())


def test_who_cannot_be_allowed_is_not_looked_up(stage: Stage) -> None:
    """Nobody asks Slack about a person whom no list could hold."""
    alert = stage.open_alert()
    stage.directory.forget()
    stage.directory.down = True

    stage.press("alert_raw", alert.id, EVE)

    assert "You may not receive raw records" in str(stage.sends()[0].body["text"])


def test_a_command_of_an_unknown_person_is_answered_late(stage: Stage, ear: Ear) -> None:
    """Its ack is empty; the answer comes by the response URL, privately."""
    stage.directory.forget()

    response = stage.type("help", response_url=ear.url)

    assert (response.status, response.body) == (200, "")
    assert eventually(lambda: len(ear.heard) == 1)
    assert ear.heard[0]["response_type"] == "ephemeral"
    assert "/callwarden status" in json.dumps(ear.heard[0]["blocks"])


def test_a_command_that_cannot_be_checked_is_answered_late(stage: Stage, ear: Ear) -> None:
    """Slack is down for look-ups: the person hears that nothing was done."""
    stage.directory.forget()
    stage.directory.down = True

    stage.type("alerts", response_url=ear.url)

    assert eventually(lambda: len(ear.heard) == 1)
    assert "nothing was done" in ear.heard[0]["text"]


def test_a_modal_of_an_unknown_person_asks_to_press_again(stage: Stage) -> None:
    """What was typed stays in the modal; meanwhile Slack is asked, and the next press counts."""
    alert = stage.open_alert()
    stage.press("alert_resolve", alert.id)
    values = {"verdict": {"chosen": {"selected_option": {"value": "expected"}}}}
    view = stage.dialogs.opened.pop() | {"state": {"values": values}}
    stage.directory.forget()

    first = json.loads(stage.submit(view).body)
    assert first["response_action"] == "errors"
    assert "press again" in first["errors"]["verdict"]
    assert stage.alert(alert.id).resolved is None

    assert eventually(lambda: stage.directory.known(ANA.user, ANA.team) is not None)
    stage.submit(view)
    assert stage.alert(alert.id).resolved is not None


# ── what nothing listens to ─────────────────────────────────────────────────


def test_an_unknown_button_is_answered(stage: Stage) -> None:
    """A button of a version that is gone gets a sentence, not silence."""
    stage.press("alert_snooze", "A-7K2QF")

    assert "I do not know that button" in str(stage.sends()[0].body["text"])


@pytest.mark.parametrize("kind", ["shortcut", "view_closed", "block_suggestion", "nonsense"])
def test_what_we_do_not_listen_to_goes_nowhere(stage: Stage, kind: str) -> None:
    """Any other payload ends at the guard."""
    body = {"type": kind, "user": {"id": "U0ANA", "team_id": "T0TEAM"}, "trigger_id": "t"}

    assert stage.say(body).status == 404


def test_names_do_not_matter(stage: Stage) -> None:
    """Identity is user id and team id: Ben's name on Eve's account lets nobody in."""
    forged = Person(user=EVE.user, team=EVE.team, name=BEN.name)

    assert told(stage.type("help", forged)).startswith("You may not")
