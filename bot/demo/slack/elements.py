"""What Slack refuses in text objects, interactive elements and their options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

Json = dict[str, Any]
Faults = list[str]


def is_object(value: object, faults: Faults, at: str) -> TypeGuard[Json]:
    """Whether *value* is a JSON object; notes the fault where not."""
    if isinstance(value, dict):
        return True
    faults.append(f"must be an object [json-pointer:{at}]")
    return False


def check_text(
    faults: Faults, at: str, value: object, *, most: int, plain: bool = False, least: int = 1
) -> None:
    """A text object of *least* to *most* letters; *plain* forbids mrkdwn."""
    if not is_object(value, faults, at):
        return
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if value.get("type") not in kinds:
        faults.append(f"must be {' or '.join(sorted(kinds))} [json-pointer:{at}/type]")
    text = value.get("text")
    if not isinstance(text, str) or len(text) < least:
        faults.append(f"must be more than {least - 1} characters [json-pointer:{at}/text]")
    elif len(text) > most:
        faults.append(f"must be less than {most + 1} characters [json-pointer:{at}/text]")
    for key in value.keys() - {"type", "text", "emoji", "verbatim"}:
        faults.append(f"invalid additional property: {key} [json-pointer:{at}]")


def check_element(faults: Faults, at: str, element: object, allowed: frozenset[str]) -> None:
    """An element of one of the *allowed* types, with its own limits."""
    if not is_object(element, faults, at):
        return
    kind = str(element.get("type"))
    if kind not in allowed:
        faults.append(f"unsupported type: {kind} [json-pointer:{at}/type]")
        return
    for key in element.keys() - _KEYS[kind] - {"type"}:
        faults.append(f"invalid additional property: {key} [json-pointer:{at}]")
    if len(str(element.get("action_id") or "")) > 255 or element.get("action_id") == "":
        faults.append(f"must be less than 256 characters [json-pointer:{at}/action_id]")
    if "confirm" in element:
        _confirm(faults, f"{at}/confirm", element["confirm"])
    if "placeholder" in element:
        check_text(faults, f"{at}/placeholder", element["placeholder"], most=150, plain=True)
    _CHECKS[kind](faults, at, element)


def _button(faults: Faults, at: str, element: Json) -> None:
    check_text(faults, f"{at}/text", element.get("text"), most=75, plain=True)
    for key, most in (("value", 2000), ("url", 3000), ("accessibility_label", 75)):
        if len(str(element.get(key) or "")) > most:
            faults.append(f"must be less than {most + 1} characters [json-pointer:{at}/{key}]")
    if "style" in element and element["style"] not in ("primary", "danger"):
        faults.append(f"must be a valid enum value [json-pointer:{at}/style]")


def _image(faults: Faults, at: str, element: Json) -> None:
    for key in ("image_url", "alt_text"):
        if not element.get(key):
            faults.append(f"missing required field: {key} [json-pointer:{at}]")


def _select(faults: Faults, at: str, element: Json) -> None:
    groups = element.get("option_groups")
    if groups is None:
        _options(faults, f"{at}/options", element.get("options"), 100)
        offered = element.get("options")
    else:
        offered = []
        for place, group in enumerate(groups if isinstance(groups, list) else []):
            here = f"{at}/option_groups/{place}"
            check_text(faults, f"{here}/label", group.get("label"), most=75, plain=True)
            _options(faults, f"{here}/options", group.get("options"), 100)
            offered += group.get("options") or []
    _initial(faults, at, element, offered)


def _choice(most: int, *, plain: bool) -> Callable[[Faults, str, Json], None]:
    """A list of at most *most* options, shown at once."""

    def check(faults: Faults, at: str, element: Json) -> None:
        _options(faults, f"{at}/options", element.get("options"), most, plain=plain)
        _initial(faults, at, element, element.get("options"))

    return check


def _text_input(faults: Faults, at: str, element: Json) -> None:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if not isinstance(least, int) or not 0 <= least <= 3000:
        faults.append(f"must be 0 to 3000 [json-pointer:{at}/min_length]")
    elif not isinstance(most, int) or not max(1, least) <= most <= 3000:
        faults.append(f"must be 1 to 3000 [json-pointer:{at}/max_length]")
    elif len(str(element.get("initial_value") or "")) > most:
        faults.append(f"must be less than {most + 1} characters [json-pointer:{at}/initial_value]")


def _options(faults: Faults, at: str, options: object, most: int, *, plain: bool = True) -> None:
    if not isinstance(options, list) or not 1 <= len(options) <= most:
        faults.append(f"must have 1 to {most} items [json-pointer:{at}]")
        return
    for place, one in enumerate(options):
        here = f"{at}/{place}"
        if not is_object(one, faults, here):
            continue
        check_text(faults, f"{here}/text", one.get("text"), most=75, plain=plain)
        if not 0 < len(str(one.get("value") or "")) <= 150:
            faults.append(f"must be 1 to 150 characters [json-pointer:{here}/value]")
        if "description" in one:
            check_text(faults, f"{here}/description", one["description"], most=75, plain=plain)
        for key in one.keys() - {"text", "value", "description", "url"}:
            faults.append(f"invalid additional property: {key} [json-pointer:{here}]")


def _user_select(faults: Faults, at: str, element: Json) -> None:
    if len(str(element.get("initial_user") or "U")) > 255:
        faults.append(f"must be a user id [json-pointer:{at}/initial_user]")


def _initial(faults: Faults, at: str, element: Json, offered: object) -> None:
    """Initial options must be among those offered, letter by letter."""
    chosen = list(element.get("initial_options") or ())
    if element.get("initial_option") is not None:
        chosen.append(element["initial_option"])
    for one in chosen:
        if not isinstance(offered, list) or one not in offered:
            faults.append(f"must match one of the options [json-pointer:{at}/initial_option]")


def _confirm(faults: Faults, at: str, confirm: object) -> None:
    if not is_object(confirm, faults, at):
        return
    check_text(faults, f"{at}/title", confirm.get("title"), most=100, plain=True)
    check_text(faults, f"{at}/text", confirm.get("text"), most=300)
    for key in ("confirm", "deny"):
        check_text(faults, f"{at}/{key}", confirm.get(key), most=30, plain=True)
    if "style" in confirm and confirm["style"] not in ("primary", "danger"):
        faults.append(f"must be a valid enum value [json-pointer:{at}/style]")


_CHECKS: Mapping[str, Callable[[Faults, str, Json], None]] = {
    "button": _button,
    "image": _image,
    "static_select": _select,
    "multi_static_select": _select,
    "users_select": _user_select,
    "overflow": _choice(5, plain=True),
    "radio_buttons": _choice(10, plain=False),
    "checkboxes": _choice(10, plain=False),
    "plain_text_input": _text_input,
}

_SHARED = frozenset({"action_id", "focus_on_load"})
_KEYS: Mapping[str, frozenset[str]] = {
    "button": frozenset(
        {"action_id", "text", "value", "url", "style", "confirm", "accessibility_label"}
    ),
    "image": frozenset({"image_url", "alt_text", "slack_file"}),
    "static_select": _SHARED
    | {"placeholder", "options", "option_groups", "initial_option", "confirm"},
    "multi_static_select": _SHARED
    | {
        "placeholder",
        "options",
        "option_groups",
        "initial_options",
        "confirm",
        "max_selected_items",
    },
    "users_select": _SHARED | {"placeholder", "initial_user", "confirm"},
    "overflow": frozenset({"action_id", "options", "confirm"}),
    "radio_buttons": _SHARED | {"options", "initial_option", "confirm"},
    "checkboxes": _SHARED | {"options", "initial_options", "confirm"},
    "plain_text_input": _SHARED
    | {
        "placeholder",
        "initial_value",
        "multiline",
        "min_length",
        "max_length",
        "dispatch_action_config",
    },
}
