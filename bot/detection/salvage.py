"""What can still be read of JSON that is cut off, damaged or strung together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from msgspec import Struct

_DECODER = json.JSONDecoder(strict=False)
_BETWEEN = re.compile(
    r'[ \t\r\n,\]\}\[]*(?:\{[ \t\r\n]*"(?:Records|Events)"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n,]*)?'
)
_BEGIN = re.compile(
    r'\{\s*"(?:eventVersion|eventTime|eventSource|eventName|eventID|userIdentity|awsRegion)"\s*:'
)
_CUT = "it is cut off"
_EFFORT = 8
"""How often, on average, a character may be read in vain before the rest is given up."""

_FAILURE = 1_000
"""What each failure counts for at least."""

_NESTING = 20_000
"""What failing at the limit of nesting counts for: how far it read is not told."""

_WINDOW = 262_144
"""Characters looked at first. json counts the lines up to a fault, so a short text fails fast."""

_SAMPLE = 200


class Gap(Struct, frozen=True):
    """A stretch that is no record, and why."""

    reason: str
    sample: bytes


def salvage(body: bytes) -> Iterator[bytes | Gap]:
    """The whole objects in *body*, in order, and the gaps between them.

    Reads `{"Records": [` and its like as mere separators, so files glued together are read whole.
    """
    # surrogateescape keeps every byte: what is cut out of the text is what stood in the file.
    text = body.decode("utf-8", "surrogateescape")
    effort = _EFFORT * len(text) + 1_000_000
    place = depth = 0
    gaps = found = False
    while True:
        between = _BETWEEN.match(text, place)
        if between:
            place = between.end()
            depth += _depth(between[0])
        if place >= len(text):
            break
        length, reason, read = _object_at(text, place)
        if length:
            found = True
            yield _bytes(text[place : place + length])
            place += length
            continue
        effort -= max(read, _FAILURE)
        following = _BEGIN.search(text, place + 1) if effort > 0 else None
        if effort <= 0:
            reason = "too much of it is damaged"
        gaps = True
        yield Gap(reason, _bytes(text[place : place + _SAMPLE]))
        place = following.start() if following else len(text)
    if not gaps and (depth or not found):
        # Cut between two records: only the brackets tell.
        yield Gap(_CUT, _bytes(text[-_SAMPLE:]))


def _depth(between: str) -> int:
    opened, closed = (
        between.count("[") + between.count("{"),
        between.count("]") + between.count("}"),
    )
    return opened - closed


def _object_at(text: str, place: int) -> tuple[int, str, int]:
    """The length of the object at *place*, or 0, why there is none, and how far it was read."""
    if text[place] != "{":
        return 0, "this is not JSON", 0
    length, reason, read = _parsed(text[place : place + _WINDOW])
    if reason == _CUT and place + _WINDOW < len(text):
        length, reason, more = _parsed(text[place:])
        read += more
    return length, reason, read


def _parsed(text: str) -> tuple[int, str, int]:
    try:
        _, end = _DECODER.raw_decode(text)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text) or error.msg.startswith("Unterminated string")
        return 0, _CUT if cut else "its JSON is damaged", len(text) if cut else error.pos
    except RecursionError:
        return 0, "it is nested too deeply", _NESTING
    except ValueError:
        # A number with thousands of digits, which Python refuses to read.
        return 0, "it holds a number that is too long", _NESTING
    return end, "", end


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
