"""A storm begins and ends, as people see it, and through kill -9."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.bench import flood, load
from bot.demo.acts import cards
from bot.demo.stage import Stage, wait_until
from bot.store import SqliteStore
from tests.end_to_end.conftest import PROD
from tests.end_to_end.eyes import IN_BROWSER, PHONE, button, picture

pytestmark = IN_BROWSER


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A bot with rules that are not critical; ten seconds of calm end a storm."""
    stage.stop_bot()
    flood.prepare(stage, calm=10)
    stage.start_bot()
    return stage


MEDIUM, HIGH = flood.EVENTS[1], flood.EVENTS[0]


def crowd(stage: Stage, number: int, head: str = "person", event: str = MEDIUM) -> None:
    """So many people do something at once, in prod."""
    records = [flood.record(event, f"{head}-{one:02}", 1) for one in range(number)]
    flood.deliver(stage, records)


def storm(page: Page) -> Locator:
    """The storm's message."""
    return page.locator("#messages [data-ts]").filter(has_text="alerts held back")


def ledger(stage: Stage) -> list[str]:
    """The kinds of its lines that are about storms."""
    store = SqliteStore(stage.store)
    kinds = [link.kind for link in store.links() if link.kind.startswith("storm")]
    store.close()
    return kinds


def test_a_storm_begins_and_ends(page: Page, stage: Stage) -> None:
    """One message counts; a critical alert comes by itself; what somebody opens comes too; the
    message becomes the report, and the thread says so."""
    crowd(stage, 40)
    expect(storm(page)).to_contain_text("Storm: 40 alerts held back")
    expect(storm(page)).to_contain_text("person-00")
    expect(page.locator("#messages [data-ts]")).to_have_count(1)
    picture(page, "storm")

    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    critical = page.locator("#messages [data-ts]").filter(has_text="opened emergency access")
    expect(critical).to_be_visible()

    button(storm(page), "storm_alerts").click()
    listed = page.locator("#messages [data-ts]").filter(has_text="1 to 8 of 40")
    expect(listed).to_be_visible()
    picture(page, "storm-alerts")
    button(listed, "alert_details").first.click()
    expect(page.locator("#modal")).to_be_visible()
    page.locator("#modal-close").click()
    wait_until(lambda: len(cards(stage.slack)) == 2, 20, "the card of the alert that was opened")

    expect(storm(page)).to_contain_text("Storm over: 40 alerts held back", timeout=60_000)
    picture(page, "storm-over")
    storm(page).locator(".thread-link").click()
    expect(page.locator("#replies")).to_contain_text("New alerts are posted one by one again.")
    assert ledger(stage) == ["storm.begin", "storm.end"]

    stage.aws.send_event(flood.record(flood.EVENTS[4], "somebody", 1))
    wait_until(lambda: len(cards(stage.slack)) == 3, 20, "a card of its own")


def test_a_phone_shows_the_whole_storm(page: Page, stage: Stage) -> None:
    """At 390 px nothing runs out at the side, and the button is large enough for a thumb."""
    page.set_viewport_size(PHONE)
    crowd(stage, 40, head="a-person-with-quite-a-long-name@department.example.com")
    expect(storm(page)).to_be_visible()
    picture(page, "phone-storm")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    box = button(storm(page), "storm_alerts").bounding_box()
    assert box is not None
    assert box["height"] >= 28
    expect(storm(page)).to_contain_text("Storm over", timeout=60_000)
    picture(page, "phone-storm-over")


def test_a_storm_outlives_kill_9(page: Page, stage: Stage) -> None:
    """Killed in the middle of it: the same message counts on, the report comes once, and then the
    first of the high alerts, six in a minute."""
    crowd(stage, 40, event=HIGH)
    expect(storm(page)).to_contain_text("Storm: 40 alerts held back")

    stage.kill_bot()
    crowd(stage, 10, head="other", event=HIGH)
    stage.start_bot()

    expect(storm(page)).to_contain_text("Storm over: 50 alerts held back", timeout=90_000)
    assert ledger(stage) == ["storm.begin", "storm.end"]
    wait_until(lambda: len(cards(stage.slack)) == 6, 30, "six cards")
    picture(page, "storm-aftermath")
