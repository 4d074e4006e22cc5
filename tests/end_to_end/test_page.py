"""What a person sees and does, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, TimeoutError, expect

from bot.bench import load
from bot.demo.stage import Stage
from bot.store import SqliteStore
from tests.end_to_end.conftest import PROD
from tests.end_to_end.eyes import IN_BROWSER, PHONE, become, button, picture

NOTE = 'Not her: "reason" with : * _ <@U1> & <!channel> `x`'

pytestmark = IN_BROWSER


def card(page: Page) -> Locator:
    """The alert's card in the channel."""
    return page.locator("#messages [data-ts]").filter(has_text="opened emergency access")


def test_an_alert_is_taken_resolved_with_a_note_and_in_the_ledger(page: Page, stage: Stage) -> None:
    """Alert arrives → Take it → Resolve with a note → the card shows it → the ledger has it."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    expect(card(page)).to_contain_text("mallory@example.com opened emergency access to prod")
    picture(page, "alert")

    button(card(page), "alert_take").click()
    expect(card(page)).to_contain_text("Taken by")
    expect(button(card(page), "alert_take")).to_have_count(0)

    button(card(page), "alert_details").click()
    expect(page.locator("#modal")).to_be_visible()
    picture(page, "details")
    page.locator("#modal-close").click()

    button(card(page), "alert_resolve").click()
    page.locator("#modal input[type=radio]").first.check()
    page.locator("#modal textarea").fill(NOTE)
    picture(page, "resolve")
    page.locator("#modal-submit").click()
    expect(card(page)).to_contain_text(NOTE)
    expect(card(page)).to_contain_text("Resolved")
    expect(button(card(page), "alert_resolve")).to_have_count(0)
    picture(page, "resolved")

    page.set_viewport_size(PHONE)
    picture(page, "phone-resolved")
    store = SqliteStore(stage.store)
    links = store.links()
    whole = store.verify().whole
    store.close()
    assert [link.kind for link in links] == ["alert.take", "alert.resolve"]
    assert '"verdict":"true_positive"' in links[1].body
    assert links[1].by == stage.slack.people["analyst"].id
    assert whole


def menu(page: Page, choice: str) -> None:
    """Choose something in the card's ⋯ menu, which opens a window."""
    shown = card(page).first
    for _ in range(10):
        button(shown, "alert_more").click()
        try:
            shown.locator(f".overflow button[data-value^='{choice} ']").click(timeout=2_000)
            break
        except TimeoutError:
            continue  # The card was redrawn just then, and a redrawn menu is closed.
    expect(page.locator("#modal")).to_be_visible()


def submit(page: Page) -> None:
    """Submit the window, and wait until it has closed."""
    page.locator("#modal-submit").click()
    expect(page.locator("#modal")).to_be_hidden()


def recorded(stage: Stage) -> list[str]:
    """The kinds of decisions in the ledger."""
    store = SqliteStore(stage.store)
    kinds = [link.kind for link in store.links()]
    store.close()
    return kinds


def test_an_alert_is_handed_over_noted_and_opened_again(page: Page, stage: Stage) -> None:
    """Its new owner hears of it directly; a message of the thread becomes its note."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    expect(card(page)).to_be_visible()
    picture(page, "menu")
    menu(page, "hand_over")
    page.locator("#modal select").select_option(stage.slack.people["analyst2"].id)
    page.locator("#modal textarea").fill(NOTE)
    picture(page, "hand-over")
    submit(page)
    expect(card(page)).to_contain_text(f"Handed to @{stage.slack.people['analyst2'].name}")
    direct = stage.slack.people["analyst2"].id
    stage.slack.wait(lambda: stage.slack.messages(direct), 10)
    assert NOTE in stage.slack.messages(direct)[0]["blocks"][0]["text"]["text"]

    become(page, "analyst2")
    card(page).locator(".thread-link").click()
    page.locator("#thread-composer").fill("She is on leave until Monday.")
    page.locator("#thread-composer").press("Enter")
    mine = page.locator("#replies [data-ts]").filter(has_text="She is on leave")
    mine.locator(".more").click()
    mine.locator("[data-shortcut]").click()
    expect(page.locator("#messages")).to_contain_text("The note is kept with")
    expect(card(page)).to_contain_text("noted")
    expect(card(page)).to_contain_text(f"Taken by @{stage.slack.people['analyst2'].name}")
    page.locator("#thread-close").click()

    button(card(page), "alert_resolve").click()
    page.locator("#modal input[type=radio]").first.check()
    submit(page)
    expect(card(page)).to_contain_text("Resolved")
    menu(page, "reopen")
    page.locator("#modal textarea").fill("It happened again.")
    submit(page)
    expect(card(page)).to_contain_text("Open again, by")
    picture(page, "open-again")
    assert recorded(stage) == ["alert.hand_over", "alert.note", "alert.resolve", "alert.reopen"]


def test_a_second_person_is_needed_and_new_context_ends_the_snooze(
    page: Page, stage: Stage
) -> None:
    """Who asked cannot agree; a colleague can; another network ends it by itself."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    expect(card(page)).to_be_visible()
    menu(page, "mute")
    page.locator("#modal select").select_option("24")
    page.locator("#modal textarea").fill("A drill, until tomorrow.")
    picture(page, "snooze")
    submit(page)
    expect(card(page)).to_contain_text("Asked to snooze 24 hours")

    card(page).locator(".thread-link").click()
    agree = button(page.locator("#replies"), "snooze_agree")
    agree.click()
    expect(page.locator("#messages")).to_contain_text("somebody else must agree")
    page.locator("#thread-close").click()
    become(page, "approver")
    card(page).locator(".thread-link").click()
    button(page.locator("#replies"), "snooze_agree").first.click()
    expect(card(page)).to_contain_text("Snoozed until")
    picture(page, "snoozed")

    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD, ip="203.0.113.9"))
    expect(card(page)).to_contain_text("network 203.0.113.0/24")
    expect(page.locator("#replies")).to_contain_text("Snooze over: new context")
    expect(card(page)).not_to_contain_text("Snoozed until")
    picture(page, "snooze-over")
    page.set_viewport_size(PHONE)
    page.locator("#thread-close").click()
    picture(page, "phone-snooze-over")
    kinds = ["alert.snooze", "alert.agree.refused", "alert.agree", "snooze.over"]
    assert recorded(stage) == kinds


def test_a_guest_is_refused_and_the_refusal_is_in_the_ledger(page: Page, stage: Stage) -> None:
    """A guest's press changes nothing; they are told, and it is written down."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    expect(card(page)).to_be_visible()
    become(page, "guest")

    button(card(page), "alert_take").click()

    expect(page.locator("#messages")).to_contain_text("Guests may not take alerts.")
    expect(button(card(page), "alert_take")).to_be_visible()
    picture(page, "guest")
    store = SqliteStore(stage.store)
    links = store.links()
    store.close()
    assert [link.kind for link in links] == ["take.refused"]
    assert links[0].by == stage.slack.people["guest"].id


def test_a_phone_shows_the_alert_and_its_buttons(page: Page, stage: Stage) -> None:
    """At 390 px the card's buttons are on the first screen and nothing runs out at the side."""
    page.set_viewport_size(PHONE)
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    take = button(card(page), "alert_take")
    expect(take).to_be_in_viewport()
    picture(page, "phone-alert")

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = take.bounding_box()
    assert box is not None
    assert box["height"] >= 28


def test_a_double_click_is_one_press(page: Page, stage: Stage) -> None:
    """The second half of a double click is not a second decision, nor a second raw record."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    become(page, "admin")
    button(card(page), "alert_details").click()
    button(page.locator("#modal"), "alert_raw").dblclick()
    admin = stage.slack.people["admin"].id
    stage.slack.wait(lambda: stage.slack.messages(admin), 10)
    page.locator("#modal-close").click()

    become(page, "analyst")
    button(card(page), "alert_take").dblclick()
    expect(card(page)).to_contain_text("Taken by")

    store = SqliteStore(stage.store)
    kinds = [link.kind for link in store.links()]
    store.close()
    assert kinds == ["alert.raw", "alert.take"]


def test_a_card_that_grows_stays_in_sight(page: Page, stage: Stage) -> None:
    """What is new at the end of the last card is not left below the edge of the page."""
    page.set_viewport_size({"width": 1180, "height": 640})
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    button(card(page), "alert_take").click()

    expect(card(page).locator(".thread-link")).to_be_in_viewport()


def test_a_button_that_is_gone_is_said_in_plain_words(page: Page, stage: Stage) -> None:
    """Somebody was quicker and the card has changed: no ids, and nothing in the ledger."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    button(card(page), "alert_take").click()
    expect(card(page)).to_contain_text("Taken by")
    answer = page.evaluate(
        """async ([channel, ts]) => (await ask("/page/press",
        {channel, ts, action_id: "alert_take"})).failed""",
        [next(iter(stage.slack.channels.values())), card(page).get_attribute("data-ts")],
    )

    assert answer == "This has changed meanwhile: what you pressed is not there any more."


def test_what_is_always_expected_is_proposed_agreed_and_removed(page: Page, stage: Stage) -> None:
    """With its backtest and its filter in the thread; from then on it opens no alert."""
    stage.aws.send_event(load.emergency_login("mallory@example.com", PROD))
    expect(card(page)).to_be_visible()
    menu(page, "expect")
    picture(page, "expect")
    page.locator("#modal textarea").fill("The drill of every Sunday.")
    submit(page)
    card(page).locator(".thread-link").click()
    replies = page.locator("#replies")
    expect(replies).to_contain_text("would have hidden 1 of 1 findings")
    expect(replies).to_contain_text("condition: not selection")
    picture(page, "expect-proposed")
    button(replies, "except_agree").click()
    expect(page.locator("#messages")).to_contain_text("somebody else must agree")
    page.locator("#thread-close").click()

    become(page, "approver")
    card(page).locator(".thread-link").click()
    button(replies, "except_agree").first.click()
    expect(replies).to_contain_text("Expected until")
    picture(page, "expected")
    page.set_viewport_size(PHONE)
    picture(page, "phone-expected")
    button(replies, "except_end").last.click()
    expect(replies).to_contain_text("Exception over: it was removed by hand")
    kinds = ["except.proposed", "except.refused", "except.agreed", "except.over"]
    assert recorded(stage) == kinds
