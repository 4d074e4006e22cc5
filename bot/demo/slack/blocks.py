"""What Slack refuses in blocks and views: structure and limits, each fault with its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.demo.slack.elements import Faults, check_element, check_text, is_object

Json = dict[str, Any]
Check = Callable[[Faults, str, Json], None]

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
VIEW_BYTES = 250_000
TEXT_OF_ALL_BLOCKS = 13_200
"""Not documented; where people met `msg_blocks_too_long` (slackapi/bolt-js issue 2509)."""

_ACTIONS = frozenset(
    {
        "button",
        "static_select",
        "multi_static_select",
        "users_select",
        "overflow",
        "radio_buttons",
        "checkboxes",
    }
)
_ACCESSORIES = _ACTIONS | {"image"}
_INPUTS = frozenset(
    {
        "plain_text_input",
        "static_select",
        "multi_static_select",
        "users_select",
        "radio_buttons",
        "checkboxes",
    }
)
_RICH = frozenset(
    {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}
)
_RICH_PARTS: Mapping[str, str] = {
    "text": "text",
    "link": "url",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "channel": "channel_id",
    "emoji": "name",
    "date": "timestamp",
    "broadcast": "range",
    "color": "value",
}


def check_message_blocks(blocks: object) -> list[str]:
    """The faults of a message's blocks, in Slack's manner; empty where there are none."""
    return _check(blocks, MESSAGE_BLOCKS)


def check_view(view: object) -> list[str]:
    """The faults of a modal view."""
    faults: Faults = []
    if not is_object(view, faults, "/view"):
        return faults
    if view.get("type") != "modal":
        faults.append("must be a modal [json-pointer:/view/type]")
    for key, needed in (("title", True), ("submit", False), ("close", False)):
        if key in view or needed:
            check_text(faults, f"/view/{key}", view.get(key), most=24, plain=True)
    for key, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if len(str(view.get(key, ""))) > most:
            faults.append(_long(f"/view/{key}", most))
    blocks = view.get("blocks")
    faults += _check(blocks, VIEW_BLOCKS, "/view/blocks")
    kinds = [block.get("type") for block in blocks or () if isinstance(block, dict)]
    if "input" in kinds and not view.get("submit"):
        faults.append("a view with input blocks needs a submit button [json-pointer:/view/submit]")
    return faults


def text_length(value: object) -> int:
    """The letters of every text in blocks, added up."""
    if isinstance(value, dict):
        own = value.get("text")
        deeper = sum(text_length(one) for one in value.values())
        return deeper + (len(own) if isinstance(own, str) else 0)
    if isinstance(value, list):
        return sum(text_length(one) for one in value)
    return 0


def _long(at: str, most: int) -> str:
    return f"must be less than {most + 1} characters [json-pointer:{at}]"


def _check(blocks: object, most: int, at: str = "/blocks") -> list[str]:
    if not isinstance(blocks, list):
        return [f"must be an array [json-pointer:{at}]"]
    faults: Faults = []
    if len(blocks) > most:
        faults.append(f"no more than {most} items allowed [json-pointer:{at}]")
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        here = f"{at}/{place}"
        if not is_object(block, faults, here):
            continue
        check = _CHECKS.get(str(block.get("type")))
        if check is None:
            kind = block.get("type")
            faults.append(f"unsupported type: {kind} [json-pointer:{here}/type]")
            continue
        _check_block_id(faults, here, block, seen)
        _check_keys(faults, here, block)
        check(faults, here, block)
    return faults


def _check_block_id(faults: Faults, at: str, block: Json, seen: set[str]) -> None:
    block_id = block.get("block_id")
    if block_id is None:
        return
    if not isinstance(block_id, str) or not 0 < len(block_id) <= 255:
        faults.append(_long(f"{at}/block_id", 255))
    elif block_id in seen:
        faults.append(f"block_id {block_id} already exists [json-pointer:{at}/block_id]")
    seen.add(str(block_id))


def _check_keys(faults: Faults, at: str, block: Json) -> None:
    for key in block.keys() - _KEYS[block["type"]] - {"type", "block_id"}:
        faults.append(f"invalid additional property: {key} [json-pointer:{at}]")


def _section(faults: Faults, at: str, block: Json) -> None:
    if "text" not in block and "fields" not in block:
        faults.append(f"missing required field: text or fields [json-pointer:{at}]")
    if "text" in block:
        check_text(faults, f"{at}/text", block["text"], most=3000)
    fields = block.get("fields", [])
    if "fields" in block and not _counted(faults, f"{at}/fields", fields, 1, 10):
        fields = []
    for place, one in enumerate(fields):
        check_text(faults, f"{at}/fields/{place}", one, most=2000)
    if "accessory" in block:
        check_element(faults, f"{at}/accessory", block["accessory"], _ACCESSORIES)


def _header(faults: Faults, at: str, block: Json) -> None:
    check_text(faults, f"{at}/text", block.get("text"), most=150, plain=True)


def _divider(faults: Faults, at: str, block: Json) -> None:
    del faults, at, block  # A divider holds nothing that could be wrong.


def _image(faults: Faults, at: str, block: Json) -> None:
    if not block.get("image_url") and not block.get("slack_file"):
        faults.append(f"missing required field: image_url [json-pointer:{at}]")
    if not 0 < len(str(block.get("alt_text") or "")) <= 2000:
        faults.append(f"missing required field: alt_text [json-pointer:{at}/alt_text]")
    if "title" in block:
        check_text(faults, f"{at}/title", block["title"], most=2000, plain=True)


def _context(faults: Faults, at: str, block: Json) -> None:
    if not _counted(faults, f"{at}/elements", block.get("elements"), 1, 10):
        return
    for place, one in enumerate(block["elements"]):
        here = f"{at}/elements/{place}"
        if isinstance(one, dict) and one.get("type") == "image":
            check_element(faults, here, one, frozenset({"image"}))
        else:
            check_text(faults, here, one, most=3000)


def _actions(faults: Faults, at: str, block: Json) -> None:
    if not _counted(faults, f"{at}/elements", block.get("elements"), 1, 25):
        return
    seen: set[str] = set()
    for place, one in enumerate(block["elements"]):
        here = f"{at}/elements/{place}"
        check_element(faults, here, one, _ACTIONS)
        action = one.get("action_id") if isinstance(one, dict) else None
        if action in seen:
            faults.append(f"action_id {action} already exists [json-pointer:{here}/action_id]")
        if action:
            seen.add(action)


def _input(faults: Faults, at: str, block: Json) -> None:
    check_text(faults, f"{at}/label", block.get("label"), most=2000, plain=True)
    if "hint" in block:
        check_text(faults, f"{at}/hint", block["hint"], most=2000, plain=True)
    check_element(faults, f"{at}/element", block.get("element"), _INPUTS)


def _rich_text(faults: Faults, at: str, block: Json) -> None:
    parts = block.get("elements")
    if not isinstance(parts, list):
        faults.append(f"missing required field: elements [json-pointer:{at}/elements]")
        return
    for place, part in enumerate(parts):
        here = f"{at}/elements/{place}"
        if not is_object(part, faults, here):
            continue
        if part.get("type") not in _RICH or not isinstance(part.get("elements"), list):
            faults.append(f"unsupported type: {part.get('type')} [json-pointer:{here}]")
            continue
        _rich_parts(faults, here, part)


def _rich_parts(faults: Faults, at: str, part: Json) -> None:
    listed = part["type"] == "rich_text_list"
    if listed and part.get("style") not in ("bullet", "ordered"):
        faults.append(f"must be a valid enum value [json-pointer:{at}/style]")
    for place, one in enumerate(part["elements"]):
        here = f"{at}/elements/{place}"
        if not is_object(one, faults, here):
            continue
        if listed:
            if one.get("type") != "rich_text_section" or "elements" not in one:
                faults.append(f"must be a rich_text_section [json-pointer:{here}]")
            else:
                _rich_parts(faults, here, one)
            continue
        needed = _RICH_PARTS.get(str(one.get("type")))
        if needed is None:
            faults.append(f"unsupported type: {one.get('type')} [json-pointer:{here}]")
        elif one.get(needed) in (None, ""):
            faults.append(f"missing required field: {needed} [json-pointer:{here}]")


def _counted(faults: Faults, at: str, items: object, least: int, most: int) -> bool:
    if not isinstance(items, Sequence) or isinstance(items, str):
        faults.append(f"must be an array [json-pointer:{at}]")
        return False
    if not least <= len(items) <= most:
        faults.append(f"must have {least} to {most} items [json-pointer:{at}]")
    return True


_CHECKS: Mapping[str, Check] = {
    "section": _section,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "rich_text": _rich_text,
}

_KEYS: Mapping[str, frozenset[str]] = {
    "section": frozenset({"text", "fields", "accessory", "expand"}),
    "header": frozenset({"text"}),
    "divider": frozenset(),
    "image": frozenset({"image_url", "slack_file", "alt_text", "title"}),
    "context": frozenset({"elements"}),
    "actions": frozenset({"elements"}),
    "input": frozenset({"label", "element", "hint", "optional", "dispatch_action"}),
    "rich_text": frozenset({"elements"}),
}
