"""The page in a browser: what arrives is shown, what is pressed reaches the bot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.demo.slack import Limits, SlackServer
from tests.demo.slack.made import ALERTS, MANIFEST, button, joined, modal, text

CHROMIUM = shutil.which("chromium")
ARGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# A condition is waited for; on a busy machine that may take longer than the default 5 s.
expect.set_options(timeout=20_000)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

Json = dict[str, Any]

NASTY = "<img src=x onerror=alert(1)> *bold* &lt;b&gt; <javascript:alert(1)|click> <!channel>"


def listen(app: App) -> None:
    """A bot that takes, resolves with a modal, and answers a command."""

    @app.action("take")
    def take(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        ts = body["message"]["ts"]
        client.chat_update(channel=body["channel"]["id"], ts=ts, text="Taken", blocks=[])
        client.chat_postMessage(channel=body["channel"]["id"], thread_ts=ts, text="A note")

    @app.action("resolve")
    def resolve(ack: Ack, body: Json, client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=modal())
        ack()

    @app.view("resolve")
    def submitted(ack: Ack, view: Json) -> None:
        if view["state"]["values"]["n"]["note"]["value"] is None:
            ack(response_action="errors", errors={"n": "Say why."})
        else:
            ack()

    @app.command("/callwarden")
    def command(ack: Ack, body: Json) -> None:
        ack(f"You said {body['text']}")


@pytest.fixture
def page(slack: SlackServer) -> Iterator[Page]:
    """The analyst's page, in a browser that must show no script error."""
    wrong: list[str] = []
    with joined(slack, listen), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(f"{slack.page_url}?person=analyst")
        expect(page.locator("#person")).to_have_value("analyst")
        yield page
        browser.close()
    assert wrong == []


def post(slack: SlackServer, client: WebClient, words: str = "Emergency access") -> str:
    """Post a card; returns its ts."""
    blocks: list[Json] = [
        {"type": "section", "text": text(words, "mrkdwn")},
        {
            "type": "actions",
            "elements": [button("take", "Take it"), button("resolve", "Resolve…")],
        },
    ]
    ts: str = client.chat_postMessage(channel=slack.channels[ALERTS], text="c", blocks=blocks)["ts"]
    return ts


def test_a_card_arrives_is_pressed_and_changes(
    slack: SlackServer, client: WebClient, page: Page
) -> None:
    """Live, without reloading: the card, its edit with a mark, and the thread."""
    ts = post(slack, client)
    card = page.locator(f'#messages [data-ts="{ts}"]')

    card.locator('button[data-action-id="take"]').click()

    expect(card).to_contain_text("Taken")
    expect(card).to_contain_text("(edited)")
    card.locator(".thread-link").click()
    expect(page.locator("#thread")).to_contain_text("A note")


def test_a_modal_shows_errors_and_closes_when_all_is_well(
    slack: SlackServer, client: WebClient, page: Page
) -> None:
    """A required field is asked for in the page; the bot's error stands at its input."""
    ts = post(slack, client)
    page.locator(f'#messages [data-ts="{ts}"] button[data-action-id="resolve"]').click()
    view = page.locator("#modal")

    view.locator("#modal-submit").click()
    expect(view).to_contain_text("Please complete this required field.")
    view.locator('[data-action-id="verdict"]').select_option("true")
    view.locator("#modal-submit").click()
    expect(view).to_contain_text("Say why.")
    expect(view.locator('[data-action-id="verdict"]')).to_have_value("true")
    view.locator('[data-action-id="note"]').fill("a drill")
    view.locator("#modal-submit").click()

    expect(view).to_be_hidden()
    assert slack.view_of("analyst") is None


def test_a_command_is_completed_and_answered_to_one_person(slack: SlackServer, page: Page) -> None:
    """The composer offers it; the answer is private; another person does not see it."""
    page.locator("#composer").press_sequentially("/call")
    expect(page.locator("#commands")).to_contain_text("What is going on")
    page.keyboard.press("Tab")
    page.keyboard.type("status")
    page.keyboard.press("Enter")

    expect(page.locator("#messages")).to_contain_text("You said status")
    expect(page.locator("#messages")).to_contain_text("Only visible to you")
    page.locator("#person").select_option("guest")
    expect(page.locator("#messages")).not_to_contain_text("You said status")
    expect(page.locator(f'[data-channel="{slack.channels["general"]}"]')).to_have_count(0)


def test_a_message_brings_no_markup_with_it(
    slack: SlackServer, client: WebClient, page: Page
) -> None:
    """HTML stays text, javascript: is no link, and what Slack escapes is shown as typed."""
    ts = post(slack, client, NASTY)
    card = page.locator(f'#messages [data-ts="{ts}"]')

    expect(card).to_contain_text("<b>")
    expect(card.locator("b").first).to_have_text("bold")
    expect(card.locator("img")).to_have_count(0)
    expect(card.locator("a")).to_have_count(0)


def test_another_channel_shows_what_was_missed(
    slack: SlackServer, client: WebClient, page: Page
) -> None:
    """It counts unread messages until it is opened."""
    general = page.locator(f'[data-channel="{slack.channels["general"]}"]')
    client.chat_postMessage(channel=slack.channels["general"], text="Good morning")

    expect(general).to_contain_text("1")
    general.click()

    expect(page.locator("#messages")).to_contain_text("Good morning")
    expect(general).not_to_contain_text("1")


def test_it_fits_a_phone(slack: SlackServer, client: WebClient, page: Page) -> None:
    """At 390 px nothing scrolls sideways, and the channel list is behind a button."""
    post(slack, client, "word " * 200 + "AdminGetEmergencyAccessToken" * 6)
    page.set_viewport_size({"width": 390, "height": 844})

    width = page.evaluate("document.documentElement.scrollWidth")

    assert width == 390
    expect(page.locator("#sidebar")).to_be_hidden()
    page.locator("#menu").click()
    expect(page.locator("#person")).to_be_visible()


def test_a_page_that_lost_its_server_catches_up() -> None:
    """After the server was away, what was said meanwhile is shown."""
    server = SlackServer(manifest=MANIFEST, limits=Limits.off())
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page()
        with server:
            page.goto(server.page_url)
            expect(page.locator("#link")).to_have_text("app offline")
        expect(page.locator("#link")).to_have_text("workspace gone")
        server.say("approver", ALERTS, "said meanwhile")
        with server:
            expect(page.locator("#messages")).to_contain_text("said meanwhile", timeout=15_000)
            browser.close()
