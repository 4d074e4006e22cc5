"""Cards on paper: as Slack would show them, and nothing that runs."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.lint import Message
from bot.slack.printed import printed


def shown(markup: str) -> str:
    """One section that says *markup*, printed."""
    block = {"type": "section", "text": {"type": "mrkdwn", "text": markup}}
    return printed("A page", [Message(text="x", blocks=[block])])


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        ("*bold* and `code`", "<p><b>bold</b> and <code>code</code></p>"),
        ("&lt;b&gt; &amp;amp; 1", "<p>&lt;b&gt; &amp;amp; 1</p>"),
        ("at <!date^1^{time}|10:00 UTC>", "<p>at 10:00 UTC</p>"),
        ("<https://example.com/?a=1|a link>", "<p>a link</p>"),
        ("<!date^1^{time}|&lt;script&gt;>", "<p>&lt;script&gt;</p>"),
        ("by <@U0ANA>\nnow", "<p>by @U0ANA<br>now</p>"),
        ('"quoted" `<img src=x>`', "<p>&quot;quoted&quot; <code>img src=x</code></p>"),
    ],
)
def test_markup_is_shown_and_never_obeyed(markup: str, html: str) -> None:
    """Bold, code and dates as Slack has them; anything else is text."""
    assert html in shown(markup)


def test_every_kind_of_block_has_its_place() -> None:
    """Headers, fields, context and rich text; buttons do nothing on paper."""
    plain = {"type": "plain_text", "text": "<i>"}
    rich = {"type": "rich_text", "elements": [{"type": "x", "elements": [{"text": "a <b"}]}]}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain},
        {"type": "section", "fields": [plain, plain]},
        {"type": "context", "elements": [plain, {"type": "image", "image_url": "x"}]},
        {"type": "actions", "elements": [{"type": "button", "text": plain}]},
        rich,
    ]
    page = printed("<title>", [Message(text="x", blocks=blocks)])

    assert "<h2>&lt;i&gt;</h2>" in page
    assert page.count("<p>&lt;i&gt;</p>") == 2
    assert "<small>&lt;i&gt;</small>" in page
    assert "<pre>a &lt;b</pre>" in page
    assert page.count("&lt;i&gt;") == 4
    assert "<h1>&lt;title&gt;</h1>" in page
