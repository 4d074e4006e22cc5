"""The policies in a call's parameters: as objects, as strings, in a URL's spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import unquote

from bot.detection.document import Document
from bot.detection.flat import under, words_under

_NESTED = 3
"""Documents within documents: a policy as a string in the parameters is one."""

_SPOKEN = re.compile(r"principal|action", re.IGNORECASE)


def policies(document: Document) -> Iterator[object]:
    """Every object with statements in the parameters of *document*, wherever it stands, and the
    text of each policy that cannot be read as one. Never raises."""
    stack = [(document.get("requestParameters"), _NESTED)]
    while stack:
        item, depth = stack.pop()
        if isinstance(item, list):
            stack.extend((one, depth) for one in item)
        elif isinstance(item, dict):
            if any(key.lower() == "statement" for key in item):
                yield item
            stack.extend((one, depth) for one in item.values())
        elif isinstance(item, str) and depth:
            written = _unescaped(item)
            if not written.startswith(("{", "[")):
                continue
            try:
                stack.append((json.loads(written, object_pairs_hook=_merged), depth - 1))
            except (ValueError, RecursionError):
                if _SPOKEN.search(written):
                    yield written


def _unescaped(written: str) -> str:
    """*written* without a URL's escapes, where the whole is escaped, and without white space."""
    written = written.strip().lstrip("\ufeff")
    return unquote(written).strip() if written[:3].lower() in ("%7b", "%5b") else written


def _merged(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object in which no key's first value hides behind its second."""
    merged: dict[str, object] = {}
    for key, value in pairs:
        merged[key] = [merged[key], value] if key in merged else value
    return merged


def allowing(policy: object) -> Iterator[object]:
    """The statements of *policy* that allow something."""
    for statement in under(policy, "statement"):
        if any(effect.lower() == "allow" for effect in words_under(statement, "effect")):
            yield statement
