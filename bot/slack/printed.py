"""Messages as a page of HTML that anybody can read: nothing in it runs, everything is escaped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.slack.lint import Message

_SPECIAL = re.compile(r"<([^<>]*)>")
_CODE = re.compile(r"`([^`\n]+)`")
_BOLD = re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)")

_HEAD = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>
body {{ font: 15px/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
article {{ border: 1px solid #ccc; border-radius: 8px; padding: 0 1rem; margin: 1rem 0 }}
code, pre {{ background: #f2f2f2; border-radius: 3px; padding: 0 .2em; overflow-wrap: anywhere }}
small {{ color: #666 }} p {{ overflow-wrap: anywhere }}
</style></head><body><h1>{title}</h1>
"""


def printed(title: str, messages: Iterable[Message]) -> str:
    """A whole page, one article a message."""
    cards = "".join(
        f"<article>{''.join(_block(block) for block in message['blocks'])}</article>\n"
        for message in messages
    )
    return f"{_HEAD.format(title=html.escape(title))}{cards}</body></html>\n"


def _block(block: Mapping[str, Any]) -> str:
    kind = block.get("type")
    if kind == "header":
        return f"<h2>{_shown(block['text'])}</h2>"
    if kind == "section":
        texts = [block["text"]] if block.get("text") else []
        return "".join(f"<p>{_shown(one)}</p>" for one in (*texts, *block.get("fields", ())))
    if kind == "context":
        texts = [one for one in block["elements"] if "text" in one]
        return f"<p><small>{' · '.join(map(_shown, texts))}</small></p>"
    if kind == "rich_text":
        return f"<pre>{html.escape(''.join(_said(block)))}</pre>"
    return ""  # buttons do nothing on paper


def _said(element: Mapping[str, Any]) -> Iterable[str]:
    """The text within a rich text, at any depth."""
    if isinstance(element.get("text"), str):
        yield element["text"]
    for inner in element.get("elements", ()):
        yield from _said(inner)


def _shown(text: Mapping[str, Any]) -> str:
    """A text object as HTML: escaped first, then what Slack would make bold or code."""
    words = str(text["text"])
    if text.get("type") == "mrkdwn":
        words = html.unescape(_SPECIAL.sub(_plainly, words))
        safe = _BOLD.sub(r"<b>\1</b>", _CODE.sub(r"<code>\1</code>", html.escape(words)))
    else:
        safe = html.escape(words)
    return safe.replace("\n", "<br>")


def _plainly(special: re.Match[str]) -> str:
    """`<!date^…|shown>` and links by what they show, a mention by its id."""
    return special[1].partition("|")[2] or special[1]
