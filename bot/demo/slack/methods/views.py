"""views.*: modals, each for one trigger_id."""

from __future__ import annotations

import msgspec

from bot.demo.slack.blocks import VIEW_BYTES, check_view
from bot.demo.slack.faults import SlackError
from bot.demo.slack.methods.ask import Ask, Json, Method
from bot.demo.slack.workspace import Workspace


def open_view(ask: Ask) -> Json:
    """Show a modal to whoever the trigger_id came from."""
    view = checked_view(ask.workspace, ask.tree("view", "invalid_arguments"))
    return {"view": ask.workspace.modals.open(_exchange(ask), view)}


def push_view(ask: Ask) -> Json:
    """Lay a modal on top of the one open."""
    view = checked_view(ask.workspace, ask.tree("view", "invalid_arguments"))
    return {"view": ask.workspace.modals.push(_exchange(ask), view)}


def update_view(ask: Ask) -> Json:
    """Redraw an open modal."""
    if not ask.text("view_id") and not ask.text("external_id"):
        raise SlackError("invalid_arguments")
    view = checked_view(ask.workspace, ask.tree("view", "invalid_arguments"))
    fresh = ask.workspace.modals.update(
        ask.text("view_id"), ask.text("external_id"), view, ask.text("hash")
    )
    return {"view": fresh}


def checked_view(workspace: Workspace, view: object) -> Json:
    """The view. Raises SlackError view_too_large, or invalid_arguments with what is wrong."""
    if len(msgspec.json.encode(view)) > VIEW_BYTES:
        raise SlackError("view_too_large")
    faults = check_view(view)
    if not faults and isinstance(view, dict):
        faults = workspace.files.faults(view["blocks"], "/view/blocks")
    if faults:
        messages = [f"[ERROR] {fault}" for fault in faults]
        raise SlackError("invalid_arguments", response_metadata={"messages": messages})
    assert isinstance(view, dict)
    return view


def _exchange(ask: Ask) -> str:
    """Use up the trigger_id; returns whose it is. It is good for 3 s and for one modal."""
    trigger = ask.workspace.triggers.get(ask.text("trigger_id"))
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if ask.workspace.times.steady() > trigger.until:
        raise SlackError("expired_trigger_id")
    trigger.used = True
    return trigger.user


METHODS = {
    "views.open": Method(open_view, tier=4),
    "views.push": Method(push_view, tier=4),
    "views.update": Method(update_view, tier=4),
}
