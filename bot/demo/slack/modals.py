"""Modals: each person's stack of open views, and what their inputs hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.demo.slack.faults import SlackError
from bot.errors import BadInput

if TYPE_CHECKING:
    from bot.demo.slack.workspace import Workspace

Json = dict[str, Any]

DEEPEST = 3
"""Views that may lie on top of each other."""

_TEXT = frozenset({"plain_text_input"})
_PERSON = frozenset({"users_select"})
_ONE = frozenset({"static_select", "radio_buttons", "overflow"})
_MANY = frozenset({"checkboxes", "multi_static_select"})


class Modals:
    """Who has which views open. All methods want the workspace's lock held."""

    def __init__(self, workspace: Workspace) -> None:
        self._home = workspace
        self._stacks: dict[str, list[Json]] = {}
        self._errors: dict[str, dict[str, str]] = {}

    def top(self, user: str) -> Json | None:
        """The view *user* sees, or None."""
        stack = self._stacks.get(user)
        return stack[-1] if stack else None

    def errors(self, view_id: str) -> dict[str, str]:
        """What a submission was told is wrong, by block_id."""
        return self._errors.get(view_id, {})

    def find(self, view_id: str, external_id: str = "") -> tuple[str, Json] | None:
        """The open view and whose it is."""
        for user, stack in self._stacks.items():
            for view in stack:
                if view["id"] == view_id or (external_id and view["external_id"] == external_id):
                    return user, view
        return None

    def of(self, user: str, view_id: str) -> Json:
        """The view, where *user* has it open. Raises BadInput."""
        found = self.find(view_id)
        if found is None or found[0] != user:
            raise BadInput(f"View {view_id} is not open for {user}.", where="view_id")
        return found[1]

    def open(self, user: str, view: Json) -> Json:
        """Show *view* to *user* in place of what was open."""
        self._refuse_twin(view)
        fresh = self._finished(view)
        self._stacks[user] = [fresh]
        self._shown(user)
        return fresh

    def push(self, user: str, view: Json) -> Json:
        """Lay *view* on top of what *user* has open."""
        stack = self._stacks.get(user) or []
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= DEEPEST:
            raise SlackError("push_limit_reached")
        self._refuse_twin(view)
        roots = {"root_view_id": stack[0]["id"], "previous_view_id": stack[-1]["id"]}
        fresh = self._finished(view) | roots
        stack.append(fresh)
        self._shown(user)
        return fresh

    def update(self, view_id: str, external_id: str, view: Json, expected_hash: str = "") -> Json:
        """Redraw an open view. Raises SlackError not_found or hash_conflict."""
        found = self.find(view_id, external_id)
        if found is None:
            raise SlackError("not_found")
        user, old = found
        if expected_hash and expected_hash != old["hash"]:
            raise SlackError("hash_conflict")
        kept = {key: old[key] for key in ("id", "root_view_id", "previous_view_id")}
        fresh = self._finished(view) | kept
        stack = self._stacks[user]
        stack[stack.index(old)] = fresh
        self._errors.pop(old["id"], None)
        self._shown(user)
        return fresh

    def close(self, user: str, *, whole_stack: bool = False) -> None:
        """Take away the top view, or all of them."""
        stack = self._stacks.get(user, [])
        gone = stack[:] if whole_stack else stack[-1:]
        del stack[0 if whole_stack else len(stack) - 1 :]
        for view in gone:
            self._errors.pop(view["id"], None)
        self._shown(user)

    def complain(self, user: str, view_id: str, errors: Mapping[str, str]) -> None:
        """Show *errors* (by block_id) in the view."""
        self._errors[view_id] = dict(errors)
        self._shown(user)

    def _refuse_twin(self, view: Json) -> None:
        external = view.get("external_id", "")
        if external and self.find("", external):
            raise SlackError("duplicate_external_id")

    def _shown(self, user: str) -> None:
        view = self.top(user)
        errors = self.errors(view["id"]) if view else {}
        self._home.announce({"kind": "view", "user": user, "view": view, "errors": errors})

    def _finished(self, view: Json) -> Json:
        home, view_id = self._home, self._home.serial("V")
        return {
            "id": view_id,
            "team_id": home.team,
            "type": view["type"],
            "blocks": home.finished_blocks(view["blocks"]),
            "private_metadata": view.get("private_metadata", ""),
            "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""),
            "state": {"values": {}},
            "hash": f"{home.new_ts()}.{view_id[-8:].lower()}",
            "title": view["title"],
            "clear_on_close": bool(view.get("clear_on_close", False)),
            "notify_on_close": bool(view.get("notify_on_close", False)),
            "close": view.get("close"),
            "submit": view.get("submit"),
            "previous_view_id": None,
            "root_view_id": view_id,
            "app_id": home.app_id,
            "app_installed_team_id": home.team,
            "bot_id": home.bot_id,
        }


# ── inputs ──────────────────────────────────────────────────────────────────


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every interactive element with its block."""
    for block in blocks:
        for key in ("element", "accessory"):
            if key in block and block[key]["type"] != "image":
                yield block, block[key]
        if block["type"] == "actions":
            for element in block["elements"]:
                yield block, element


def options(element: Json) -> list[Json]:
    """All options of a select, in groups or not."""
    grouped = [one for group in element.get("option_groups", ()) for one in group["options"]]
    return list(element.get("options", ())) + grouped


def option(element: Json, value: object) -> Json:
    """The option with this value. Raises BadInput."""
    for one in options(element):
        if one.get("value") == value:
            return one
    raise BadInput(f"{element['action_id']} offers no {value!r}.", where=element["action_id"])


def state_values(
    blocks: list[Json], given: Mapping[str, object], *, strict: bool = False
) -> dict[str, dict[str, Json]]:
    """`state.values` for *given* (by action_id or `block_id/action_id`), else the initial values.

    *strict* refuses what Slack's client would not send: a missing or too long answer, a value for
    an input that is not there. Raises BadInput.
    """
    state: dict[str, dict[str, Json]] = {}
    used: set[str] = set()
    for block, element in elements(blocks):
        if element["type"] not in _TEXT | _ONE | _MANY | _PERSON or element["type"] == "overflow":
            continue
        action = element["action_id"]
        keys = (f"{block['block_id']}/{action}", action)
        key = next((one for one in keys if one in given), None)
        used.update(keys)
        value = _held(element) if key is None else _typed(element, given[key])
        if strict and block["type"] == "input":
            _demand(block, element, value)
        state.setdefault(block["block_id"], {})[action] = value
    unknown = set(given) - used
    if strict and unknown:
        raise BadInput(f"The view has no input {min(unknown)!r}.", where="values")
    return state


def _held(element: Json) -> Json:
    """What an untouched input holds."""
    kind = element["type"]
    if kind in _TEXT:
        return {"type": kind, "value": element.get("initial_value") or None}
    if kind in _PERSON:
        return {"type": kind, "selected_user": element.get("initial_user")}
    if kind in _ONE:
        return {"type": kind, "selected_option": element.get("initial_option")}
    return {"type": kind, "selected_options": list(element.get("initial_options", ()))}


def _typed(element: Json, value: object) -> Json:
    kind = element["type"]
    if kind in _TEXT:
        return {"type": kind, "value": str(value) if value not in (None, "") else None}
    if kind in _PERSON:
        return {"type": kind, "selected_user": str(value) if value else None}
    if kind in _ONE:
        chosen = None if value in (None, "") else option(element, value)
        return {"type": kind, "selected_option": chosen}
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise BadInput(f"{element['action_id']} wants a list.", where=element["action_id"])
    return {"type": kind, "selected_options": [option(element, one) for one in value]}


def _demand(block: Json, element: Json, held: Json) -> None:
    where = element["action_id"]
    answers = ("value", "selected_option", "selected_options", "selected_user")
    if not any(held.get(answer) for answer in answers):
        if not block.get("optional"):
            raise BadInput(f"{where} must be answered.", where=where)
        return
    size = len(held.get("value") or "")
    if held["type"] in _TEXT:
        if size > element.get("max_length", 3000):
            raise BadInput(f"{where} takes {element.get('max_length', 3000)} letters.", where=where)
        if size < element.get("min_length", 0):
            raise BadInput(f"{where} wants {element['min_length']} letters.", where=where)
