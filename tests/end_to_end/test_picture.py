"""Details with its picture, as people see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Locator, Page, expect

from bot.bench import load
from bot.demo.slack import Fault
from bot.demo.stage import Stage, wait_until
from tests.end_to_end.conftest import PROD
from tests.end_to_end.eyes import IN_BROWSER, PHONE, button, picture

pytestmark = IN_BROWSER


def busy_hour(stage: Stage) -> None:
    """Mallory looks around, is refused some things, and opens emergency access twice."""
    now = datetime.now(UTC)
    for minutes in (-28, -21, -20.7, -20.5, -9, -6, -5.8, -5.5, -3, -1, 0):
        record = load.emergency_login("mallory@example.com", PROD)
        record["eventTime"] = (now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
        if minutes not in (-3, 0):
            record |= {"eventName": "ListUsers", "readOnly": True}
        if minutes in (-20.5, -5.8):
            record["errorCode"] = "AccessDenied"
        stage.aws.send_event(record)


def details(page: Page, stage: Stage) -> Locator:
    """Open Details once all records are in; the modal."""
    card = page.locator("#messages [data-ts]").filter(has_text="opened emergency access")
    expect(card).to_be_visible()
    expect(card).to_contain_text("×2")
    button(card, "alert_details").click()
    modal = page.locator("#modal")
    expect(modal).to_be_visible()
    return modal


def test_the_picture_comes_into_details(page: Page, stage: Stage) -> None:
    """The words are there at once, the picture follows; on a phone it fits the screen."""
    busy_hour(stage)
    modal = details(page, stage)
    image = modal.locator(".picture img")
    expect(image).to_be_visible()
    assert image.evaluate("one => one.complete && one.naturalWidth") == 1120
    expect(image).to_have_attribute(
        "alt",
        "Timeline, 30 minutes either way of the last record: "
        "11 calls by this actor, 2 refused; 11 calls on this target, 2 refused; "
        "11 calls from this address, 2 refused",
    )
    picture(page, "details-picture")

    page.set_viewport_size({"width": 360, "height": PHONE["height"]})
    image.scroll_into_view_if_needed()
    picture(page, "phone-details-picture")
    box = image.bounding_box()
    assert box is not None
    assert 280 <= box["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_the_picture_the_words_are_complete(page: Page, stage: Stage) -> None:
    """Slack takes no file: Details is as it was, and the log says once what to do."""
    method = "files.getUploadURLExternal"
    stage.slack.order(Fault(method=method, kind="ok_false", code="missing_scope"))
    busy_hour(stage)
    modal = details(page, stage)
    wait_until(lambda: bool(stage.slack.calls(method)), 20, "the try to upload")
    expect(modal).to_contain_text("11 calls by this actor")
    expect(modal.locator(".picture")).to_have_count(0)
    page.locator("#modal-close").click()
    expect(modal).to_be_hidden()
    wait_until(lambda: "files:write" in stage.log_end(), 20, "the log to say what to do")


def test_who_closes_details_at_once_is_left_alone(page: Page, stage: Stage) -> None:
    """The picture comes too late: nothing opens again, and nothing is logged."""
    method = "files.completeUploadExternal"
    stage.slack.order(Fault(method=method, kind="slow", seconds=2))
    busy_hour(stage)
    modal = details(page, stage)
    page.locator("#modal-close").click()
    expect(modal).to_be_hidden()

    def refused() -> bool:
        # Before that, Slack may say that the file is not ready yet.
        tries = stage.slack.calls("views.update")
        return bool(tries) and tries[-1].error == "not_found"

    wait_until(refused, 20, "the try to show it")
    expect(modal).to_be_hidden()
    assert "picture" not in stage.log_end()
