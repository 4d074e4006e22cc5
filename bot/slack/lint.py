"""Slack's limits, as far as slack_sdk lets one pass them: `lint` names faults, `fit` mends size.

Lengths are code points. The limits are those of the Block Kit reference and, for a whole message,
what chat.postMessage was seen to refuse as msg_blocks_too_long.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict

from bot.slack.text import shorten

log = logging.getLogger(__name__)

Json = Mapping[str, Any]


class Message(TypedDict):
    """What is posted: *text* is the fallback (mrkdwn, escaped), *blocks* are Block Kit JSON."""

    text: str
    blocks: list[dict[str, Any]]


POINTER = "… more in Details"
TEXT = 3000
FIELD = 2000
FIELDS = 10
HEADER = 150
BUTTON = 75
VALUE = 2000
ID = 255
FALLBACK = 4000
BLOCKS = 50
VIEW_BLOCKS = 100
TITLE = 24
LABEL = 2000
ALT = 2000
METADATA = 3000
OPTION = 75
OPTION_VALUE = 150
PLACEHOLDER = 150
WHOLE = 12_000
"""JSON characters of a message's blocks: an unpublished limit, seen between 11,300 and 13,300."""

_MOST_ELEMENTS = {"actions": 25, "context": 10}
_MOST_OPTIONS = {"radio_buttons": 10, "checkboxes": 10, "overflow": 5, "static_select": 100}
_STYLES = {None, "primary", "danger"}
_IN_INPUT = {
    "plain_text_input",
    "static_select",
    "users_select",
    "radio_buttons",
    "checkboxes",
}
_CLICKED = {"button", *_MOST_OPTIONS}


# ── lint ────────────────────────────────────────────────────────────────────


def lint(message: Json) -> list[str]:
    """Everything in *message* that Slack would refuse or cut; empty where it is fine."""
    blocks = message.get("blocks") or []
    faults = _long("fallback text", message.get("text"), FALLBACK)
    faults += _blocks(blocks, BLOCKS)
    if any(block.get("type") == "input" for block in blocks):
        faults.append("message: an input belongs in a modal")
    if size(blocks) > WHOLE:
        faults.append(f"message: {size(blocks)} characters of blocks, {WHOLE} at most")
    return faults


def lint_view(view: Json) -> list[str]:
    """Everything in the modal *view* that Slack would refuse; empty where it is fine."""
    blocks = view.get("blocks") or []
    faults = [] if view.get("type") == "modal" else ["view: not a modal"]
    for name in ("title", "submit", "close"):
        if name == "title" or name in view:
            faults += _text(name, view.get(name), TITLE, "plain_text")
    faults += _id("view callback_id", view.get("callback_id"))
    if len(view.get("private_metadata", "")) > METADATA:
        faults.append(f"view private_metadata: over {METADATA} characters")
    if "submit" not in view and any(block.get("type") == "input" for block in blocks):
        faults.append("view: an input needs submit")
    return faults + _blocks(blocks, VIEW_BLOCKS)


def lint_answer(body: str) -> list[str]:
    """Everything in an ack's *body* (message, modal or neither) that Slack would refuse."""
    answer = json.loads(body) if body.startswith("{") else {}
    if "view" in answer:
        return lint_view(answer["view"])
    return lint(answer) if "blocks" in answer else []


def report(what: str, check: Callable[[], list[str]]) -> None:
    """Log every fault that *check* finds in *what*. Never raises: it is shown all the same."""
    try:
        for fault in check():
            log.error("%s breaks a limit: %s", what, fault)
    except Exception:
        log.exception("%s could not be checked.", what)


def size(blocks: Sequence[Json]) -> int:
    """How long *blocks* are as JSON, in characters."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")))


def _blocks(blocks: Sequence[Json], most: int) -> list[str]:
    faults = [] if 1 <= len(blocks) <= most else [f"blocks: {len(blocks)}, 1 to {most} allowed"]
    for place, block in enumerate(blocks):
        kind = str(block.get("type"))
        check = _CHECKS.get(kind)
        where = f"block {place} ({kind})"
        faults += check(where, block) if check else [f"{where}: not a block we draw"]
        if "block_id" in block:
            faults += _id(f"{where} block_id", block["block_id"])
    faults += _twice("block_id", (block["block_id"] for block in blocks if "block_id" in block))
    return faults


def _header(where: str, block: Json) -> list[str]:
    return _text(where, block.get("text"), HEADER, "plain_text")


def _section(where: str, block: Json) -> list[str]:
    fields = block.get("fields") or []
    faults = [] if fields or "text" in block else [f"{where}: neither text nor fields"]
    if "text" in block:
        faults += _text(where, block["text"], TEXT)
    if len(fields) > FIELDS:
        faults.append(f"{where}: {len(fields)} fields, {FIELDS} at most")
    for place, field in enumerate(fields):
        faults += _text(f"{where} field {place}", field, FIELD)
    if "accessory" in block:
        faults += _element(f"{where} accessory", block["accessory"], _CLICKED)
    return faults


def _context(where: str, block: Json) -> list[str]:
    elements = block.get("elements") or []
    faults = _count(where, len(elements), _MOST_ELEMENTS["context"])
    for place, element in enumerate(elements):
        faults += _text(f"{where} element {place}", element, TEXT)
    return faults


def _image(where: str, block: Json) -> list[str]:
    """A picture of ours: a file in Slack by its id, nothing from elsewhere."""
    faults = _long(f"{where} alt_text", block.get("alt_text"), ALT)
    if block.keys() & {"image_url", "title"} or (block.get("slack_file") or {}).keys() != {"id"}:
        faults.append(f"{where}: not a file in Slack by its id")
    return faults


def _actions(where: str, block: Json) -> list[str]:
    elements = block.get("elements") or []
    faults = _count(where, len(elements), _MOST_ELEMENTS["actions"])
    for place, element in enumerate(elements):
        faults += _element(f"{where} element {place}", element, _CLICKED)
    return faults + _twice(f"{where} action_id", (str(e.get("action_id")) for e in elements))


def _input(where: str, block: Json) -> list[str]:
    faults = _text(f"{where} label", block.get("label"), LABEL, "plain_text")
    if "hint" in block:
        faults += _text(f"{where} hint", block["hint"], LABEL, "plain_text")
    return faults + _element(where, block.get("element") or {}, _IN_INPUT)


def _rich_text(where: str, block: Json) -> list[str]:
    faults = [] if block.get("elements") else [f"{where}: empty"]
    for element in block.get("elements") or []:
        parts = element.get("elements") or []
        if not parts or any(part.get("type") == "text" and not part.get("text") for part in parts):
            faults.append(f"{where}: empty text")
    return faults


_CHECKS: dict[str, Callable[[str, Json], list[str]]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "image": _image,
    "actions": _actions,
    "input": _input,
    "rich_text": _rich_text,
    "divider": lambda _where, _block: [],
}


def _element(where: str, element: Json, allowed: Iterable[str]) -> list[str]:
    kind = str(element.get("type"))
    if kind not in allowed:
        return [f"{where}: {kind} cannot stand here"]
    faults = _id(f"{where} action_id", element.get("action_id"))
    if kind == "button":
        faults += _text(where, element.get("text"), BUTTON, "plain_text")
        if len(str(element.get("value", ""))) > VALUE:
            faults.append(f"{where} value: over {VALUE} characters")
        if element.get("style") not in _STYLES:
            faults.append(f"{where}: no such style")
    elif kind == "plain_text_input":
        longest = element.get("max_length", 3000)
        if not 1 <= longest <= 3000 or len(element.get("initial_value", "")) > longest:
            faults.append(f"{where}: max_length {longest} does not hold")
    elif kind in _MOST_OPTIONS:
        options = element.get("options") or []
        faults += _count(where, len(options), _MOST_OPTIONS[kind])
        for option in options:
            faults += _text(f"{where} option", option.get("text"), OPTION)
            faults += _long(f"{where} option value", option.get("value"), OPTION_VALUE)
        faults += _twice(f"{where} option value", (str(o.get("value")) for o in options))
    if "placeholder" in element:
        faults += _text(f"{where} placeholder", element["placeholder"], PLACEHOLDER, "plain_text")
    return faults


def _text(where: str, text: Json | None, limit: int, kind: str = "") -> list[str]:
    """Faults of a text object; *kind* is the only type allowed, where not both are."""
    if text is None:
        return [f"{where}: no text"]
    allowed = {kind} if kind else {"plain_text", "mrkdwn"}
    faults = [] if text.get("type") in allowed else [f"{where}: {text.get('type')} text"]
    return faults + _long(where, text.get("text"), limit)


def _long(where: str, text: str | None, limit: int) -> list[str]:
    if not text or not text.strip():
        return [f"{where}: empty"]
    return [f"{where}: {len(text)} characters, {limit} at most"] if len(text) > limit else []


def _id(where: str, text: str | None) -> list[str]:
    return _long(where, text, ID)


def _count(where: str, number: int, most: int) -> list[str]:
    return [] if 1 <= number <= most else [f"{where}: {number} items, 1 to {most} allowed"]


def _twice(where: str, values: Iterable[str]) -> list[str]:
    seen = list(values)
    return [f"{where}: {v!r} stands twice" for v in sorted({v for v in seen if seen.count(v) > 1})]


# ── fit ─────────────────────────────────────────────────────────────────────


def fit(message: Message, pointer: str = POINTER) -> Message:
    """*message* within Slack's limits: texts over a limit end in *pointer*, surplus blocks go.

    Blocks go from the end, where the least important stand; the header and buttons never do.
    """
    blocks = fit_blocks(message["blocks"], BLOCKS, WHOLE, pointer)
    text = message["text"].strip() or "(no text)"
    return Message(text=shorten(text, FALLBACK), blocks=blocks)


def fit_blocks(
    blocks: Sequence[Json], most: int, whole: int, pointer: str = POINTER
) -> list[dict[str, Any]]:
    """At most *most* blocks and *whole* characters of JSON, each block within its limits."""
    sign = {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": pointer, "verbatim": True}],
    }
    kept = [_fit_block(block, pointer) for block in blocks]
    if len(kept) <= most and size(kept) <= whole:
        return kept
    place = len(kept)
    while len(kept) >= most or size([*kept, sign]) > whole:
        places = [i for i, block in enumerate(kept) if block["type"] not in _NEVER_DROPPED]
        if not places:
            return kept
        place = places[-1]
        del kept[place]
    kept.insert(place, sign)
    return kept


_NEVER_DROPPED = {"header", "actions", "input"}


def _fit_block(block: Json, pointer: str) -> dict[str, Any]:
    fitted = dict(block)
    tail = pointer if pointer.startswith("…") else f"… {pointer}"
    if fitted["type"] == "header":
        fitted["text"] = _fit_text(fitted["text"], HEADER, "…")
    elif fitted["type"] == "section":
        if "text" in fitted:
            fitted["text"] = _fit_text(fitted["text"], TEXT, tail)
        if "fields" in fitted:
            fitted["fields"] = [_fit_text(f, FIELD, tail) for f in fitted["fields"][:FIELDS]]
    elif fitted["type"] == "context":
        elements = fitted["elements"][: _MOST_ELEMENTS["context"]]
        fitted["elements"] = [_fit_text(element, TEXT, tail) for element in elements]
    elif fitted["type"] == "actions":
        fitted["elements"] = [_fit_button(element) for element in fitted["elements"]]
    return fitted


def _fit_button(element: Json) -> dict[str, Any]:
    if element.get("type") != "button":
        return dict(element)
    return {**element, "text": _fit_text(element["text"], BUTTON, "…")}


def _fit_text(text: Json, limit: int, tail: str) -> dict[str, Any]:
    return {**text, "text": shorten(text["text"], limit, tail) if text["text"].strip() else "–"}
