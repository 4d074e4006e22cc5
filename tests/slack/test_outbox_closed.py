"""Channels that are closed to us, for a while or for good: what comes, when, and what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model import Verb
from tests.builders import BEN
from tests.slack.desk import Desk

POST, EDIT = "chat.postMessage", "chat.update"


@pytest.fixture(params=["public", "private"])
def desk(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    """A sender whose channels are all public, where a card may be edited from outside, or all
    private, where nothing may."""
    if request.param == "private":
        desk.slack.make_private(desk.main)
        desk.slack.make_private(desk.other)
    return desk


def kicked(desk: Desk) -> None:
    """Somebody removes us from both channels, the alert's own and the one for cards refused."""
    desk.slack.kick(desk.main)
    desk.slack.kick(desk.other)


def invited(desk: Desk) -> None:
    """And takes us back into both."""
    desk.slack.invite(desk.main)
    desk.slack.invite(desk.other)


def posted(desk: Desk) -> None:
    """The only alert has its card."""
    desk.find()
    desk.send_all()


def news(desk: Desk, number: int) -> str:
    """The same actor from a new network, which is returned."""
    desk.find(f"e-{number}", source_ip=f"203.0.{number}.9")
    desk.send_all()
    return f"203.0.{number}.0/24"


def the_card(desk: Desk) -> dict[str, Any]:
    """The only card, which stands where the alert says."""
    alert = desk.store.alert(desk.alert_id)
    assert alert is not None
    [card] = desk.cards
    assert (alert.channel, alert.ts) == (desk.main, card["ts"])
    return card


def test_kicked_before_the_first_card_everything_comes_once_we_are_invited(desk: Desk) -> None:
    """The card as things are by then, what was found and decided meanwhile in its thread."""
    kicked(desk)
    posted(desk)
    network = news(desk, 2)
    desk.press()
    desk.send_all()
    assert len(desk.refused) == 5
    invited(desk)
    desk.restart()
    assert network in str(the_card(desk)["blocks"])
    assert network in desk.thread()[0]
    assert (len(desk.thread()), desk.refused) == (2, [])


def test_an_invitation_to_the_alerts_own_channel_is_enough(desk: Desk) -> None:
    """That the card was refused in the fallback, too, does not keep it there."""
    kicked(desk)
    posted(desk)
    desk.slack.invite(desk.main)
    desk.restart()
    assert (len(desk.cards), desk.refused) == (1, [])


def test_kicked_after_the_card_what_is_new_comes_once_we_are_invited(desk: Desk) -> None:
    """The card that stands is edited and its thread goes on: there is no second card."""
    posted(desk)
    kicked(desk)
    network = news(desk, 2)
    invited(desk)
    desk.restart()
    assert network in str(the_card(desk)["blocks"])
    assert [network in said for said in desk.thread()] == [True]
    assert desk.refused == []


def test_what_was_resolved_while_we_were_out_is_drawn_once_we_are_in(desk: Desk) -> None:
    """Its card asks nobody to take it any more."""
    posted(desk)
    kicked(desk)
    desk.press(Verb.RESOLVE, by=BEN)
    desk.send_all()
    invited(desk)
    desk.restart()
    assert "alert_take" not in str(the_card(desk)["blocks"])
    assert (len(desk.thread()), desk.refused) == (1, [])


def test_a_card_deleted_before_we_were_kicked_is_posted_anew_once_we_are_invited(
    desk: Desk,
) -> None:
    """The start finds that it is gone; what is found later goes on under the new one."""
    posted(desk)
    desk.delete(desk.cards[0]["ts"])
    kicked(desk)
    networks = [news(desk, 2)]
    invited(desk)
    desk.restart()
    networks += [news(desk, 3), news(desk, 4)]
    card = str(the_card(desk)["blocks"])
    assert all(network in card for network in networks)
    assert all(network in said for network, said in zip(networks, desk.thread(), strict=True))
    assert desk.refused == []


def test_a_new_finding_brings_a_deleted_card_back_without_a_restart(desk: Desk) -> None:
    """Each finding may try once more, so nobody need know that a start is what it takes."""
    posted(desk)
    desk.delete(desk.cards[0]["ts"])
    kicked(desk)
    networks = [news(desk, 2)]
    invited(desk)
    networks += [news(desk, 3)]
    assert all(network in str(the_card(desk)["blocks"]) for network in networks)
    assert sorted(network in " ".join(desk.thread()) for network in networks) == [True, True]
    assert desk.refused == []


@pytest.mark.parametrize("deleted", [False, True])
def test_a_restart_without_an_invitation_is_quiet_and_shown(desk: Desk, deleted: bool) -> None:
    """A start tries the edit and the note at most once, and the card once in both channels; then
    it is shown what did not come, and nothing waits."""
    posted(desk)
    if deleted:
        desk.delete(desk.cards[0]["ts"])
    kicked(desk)
    network = news(desk, 2)
    for _ in range(3):
        posts, edits = desk.calls(POST), desk.calls(EDIT)
        desk.restart()
        assert desk.calls(POST) - posts in (2, 3)
        assert desk.calls(EDIT) - edits <= 1
        assert {"card", "note"} == {send.kind for send in desk.store.refused_sends()}
    invited(desk)
    desk.restart()
    assert network in str(the_card(desk)["blocks"])
    assert (len(desk.thread()), desk.refused) == (1, [])


def test_a_channel_archived_for_good_has_its_alerts_elsewhere_once(desk: Desk) -> None:
    """The other channel takes card and thread; starts and findings bring no second one."""
    posted(desk)
    desk.slack.archive(desk.main)
    network = news(desk, 2)
    desk.restart()
    later = news(desk, 3)
    desk.restart()
    [card] = desk.slack.messages(desk.other)
    assert network in str(card["blocks"])
    assert later in str(card["blocks"])
    assert (len(desk.thread()), desk.refused) == (2, [])


def test_where_no_channel_is_left_each_finding_tries_once_and_that_is_shown(desk: Desk) -> None:
    """Archived for good, both: what is tried grows with what is found, and nothing waits."""
    posted(desk)
    desk.slack.archive(desk.main)
    desk.slack.archive(desk.other)
    for number in range(2, 6):
        posts, edits = desk.calls(POST), desk.calls(EDIT)
        desk.find(f"e-{number}")
        desk.send_all()
        assert (desk.calls(POST) - posts, desk.calls(EDIT) - edits) == (2, 1)
        assert ["is_archived" in why for why in desk.refused] == [True]
