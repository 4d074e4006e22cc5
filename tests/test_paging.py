"""What pages say, and when Slack's silence is one."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from bot import paging
from bot.model import Level, Page, PageKind
from bot.ports import Contact
from tests.builders import INSTANCE, NOON, make_actor, make_alert

NAMES = {INSTANCE: "prod"}
PATIENCE = timedelta(minutes=2)


def untaken(**changes: object) -> Page:
    """The page about an alert that nobody took for ten minutes."""
    return paging.untaken(make_alert(**changes), timedelta(minutes=10), NAMES, "noon")


# ── about alerts ────────────────────────────────────────────────────────────


def test_a_page_says_level_headline_who_where_and_id() -> None:
    """All that somebody needs who is woken, and the id to look it up by."""
    page = untaken()
    assert page.title == "Critical A-7K2QF: nobody has taken it"
    assert page.text.splitlines() == [
        "Nobody has taken A-7K2QF for 10 minutes.",
        "Critical: mallory changed a security profile",
        "Who: mallory",
        "Where: prod, 111122223333, eu-central-1",
    ]
    assert (page.kind, page.subject, page.level) == (PageKind.UNTAKEN, "A-7K2QF", Level.CRITICAL)


def test_the_same_occasion_is_the_same_page() -> None:
    """However late it is asked for; another occasion is another page."""
    alert = make_alert()
    late = paging.untaken(alert, timedelta(hours=3), NAMES, "noon")
    other = paging.untaken(alert, timedelta(minutes=10), NAMES, "one o'clock")
    assert untaken().id == late.id != other.id


@pytest.mark.parametrize("number", ["+41791234567", "+1 (415) 555-0167", "+44 20 7946 0967"])
def test_no_phone_number_is_paged(number: str) -> None:
    """Neither in the headline nor as a name; its last two digits stay, to tell two apart."""
    page = untaken(headline=f"{number} was released", actor=make_actor(number))
    assert number not in page.text
    assert "Critical: …67 was released" in page.text
    assert "Who: …67" in page.text


def test_what_somebody_else_wrote_keeps_its_line_and_its_length() -> None:
    """Line breaks, invisible signs and endless names change nothing about the page's shape."""
    page = untaken(headline="a\nWho: nobody\u202e\ud800" + "x" * 500, actor=make_actor("y" * 500))
    assert len(page.text.splitlines()) == 4
    assert len(page.text) < 600
    assert page.text.isprintable() is False  # its own line breaks
    assert all(line.isprintable() for line in page.text.splitlines())


def test_who_and_where_may_be_unknown() -> None:
    """An alert from a record without a name."""
    nobody = make_actor("")
    nobody = msgspec.structs.replace(nobody, principal="")
    page = untaken(actor=nobody, instance="", account="", region="")
    assert page.text.splitlines()[2:] == ["Who: unknown", "Where: unknown"]


def test_a_refused_card_is_paged_with_slacks_reason_once_an_alert() -> None:
    """Another reason for the same alert is the same page."""
    page = paging.unseen(make_alert(), "Slack refused chat.postMessage: is_archived.", NAMES)
    assert page.text.startswith("Slack does not show A-7K2QF: Slack refused chat.postMessage: is_")
    assert page.id == paging.unseen(make_alert(), "no_permission", NAMES).id


def test_many_pages_go_as_one_with_the_worst_in_full() -> None:
    """Ten names, then how many more; the same pages give the same one."""
    pages = [
        paging.untaken(
            make_alert(id=f"A-{number:05}", level=Level.LOW), timedelta(minutes=9), NAMES, "noon"
        )
        for number in range(12)
    ]
    worst = untaken()
    page = paging.together([*pages, worst])
    assert page.title == "Critical: 13 alerts need somebody"
    assert page.text.startswith("13 alerts need somebody: A-7K2QF, A-00000, ")
    assert "A-00008 and 3 more. The worst:\nNobody has taken A-7K2QF" in page.text
    assert page.id == paging.together([worst, *reversed(pages)]).id


# ── about Slack ─────────────────────────────────────────────────────────────


def lost(minutes: float, answered: bool = True) -> Contact:
    """Nothing could be sent for so long."""
    why = "Slack could not answer chat.postMessage (HTTP 503)."
    return Contact(lost_for=timedelta(minutes=minutes), why=why, answered=answered)


WELL = Contact(answered=True)


def watch(contact: Contact, last: Page | None = None) -> Page | None:
    """What is paged now."""
    return paging.watch(contact, last, PATIENCE, NOON, waiting=lambda: 7)


def test_slack_is_paged_once_it_was_silent_for_long_enough() -> None:
    """Not before; the page says since when, why and how much waits."""
    assert watch(WELL) is None
    assert watch(lost(1.9)) is None
    page = watch(lost(2))
    assert page is not None
    assert (page.kind, page.level) == (PageKind.SLACK_DOWN, Level.CRITICAL)
    assert "since 11:58 UTC: Slack could not answer chat.postMessage (HTTP 503)." in page.text
    assert "Messages that wait: 7." in page.text


def test_an_outage_is_paged_once_and_its_end_once() -> None:
    """Also where we were started anew in the middle of it."""
    down = watch(lost(2))
    assert watch(lost(30), down) is None
    assert watch(lost(5, answered=False), down) is None
    assert watch(lost(0), down) is None
    back = watch(WELL, down)
    assert back is not None
    assert back.kind is PageKind.SLACK_BACK
    assert watch(WELL, back) is None
    again = watch(lost(2.5), back)
    assert again is not None
    assert again.kind is PageKind.SLACK_DOWN
    assert down is not None
    assert again.id != down.id


def test_nothing_is_over_before_slack_has_answered() -> None:
    """After a start we do not know yet."""
    assert watch(Contact(), watch(lost(2))) is None


def test_a_test_page_is_called_one() -> None:
    """Nobody shall get up for it."""
    page = paging.trial(NOON)
    assert "Nothing has happened." in page.text
    assert page.kind is PageKind.TEST
