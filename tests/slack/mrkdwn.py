"""A small reader of Slack's mrkdwn, the reference for what our text may turn into.

It errs on the side of seeing too much: where Slack might format, it says that Slack does.
"""

from __future__ import annotations

import html
import re

_ANGLE = re.compile(r"<([^<>]*)>")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_SPANS = {
    "bold": re.compile(r"\*[^*\n]+\*"),
    "italic": re.compile(r"(?<![A-Za-z0-9])_[^\n]+?_(?![A-Za-z0-9])"),
    "strike": re.compile(r"~[^~\n]+~"),
    "emoji": re.compile(r":[^\s:]+:"),
    "quote": re.compile(r"^(?:&gt;|>)", re.MULTILINE),
    "backtick": re.compile(r"`"),
}


def effects(text: str) -> list[str]:
    """Everything in *text* that is more than text, by kind; angle brackets as `<…>`."""
    found = [f"<{inside}>" for inside in _ANGLE.findall(text)]
    rest = _ANGLE.sub(" ", text)
    found += ["code"] * len(_CODE.findall(rest))
    rest = _CODE.sub(" ", rest)
    for kind, pattern in _SPANS.items():
        found += [kind] * len(pattern.findall(rest))
    return found


def shown(text: str) -> str:
    """What a reader sees of *text* that holds no effect but code."""
    return html.unescape(text.replace("`", ""))
