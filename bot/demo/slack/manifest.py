"""What the app's manifest grants: scopes, slash commands, shortcuts, events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from bot.errors import BadInput


class Command(Struct, frozen=True, kw_only=True):
    """A slash command, as the composer offers it."""

    command: str
    description: str = ""
    usage_hint: str = ""


class Shortcut(Struct, frozen=True, kw_only=True):
    """A message shortcut, as a message's menu offers it."""

    callback_id: str
    name: str


class Manifest(Struct, frozen=True, kw_only=True):
    """The part of a Slack app manifest that decides what the app may do."""

    name: str
    bot_name: str
    scopes: frozenset[str]
    commands: tuple[Command, ...]
    events: frozenset[str]
    shortcuts: tuple[Shortcut, ...] = ()


def read_manifest(manifest: str) -> Manifest:
    """Read a manifest (YAML or JSON) from its text or, where *manifest* is one line, its path."""
    text = manifest
    if "\n" not in manifest and not manifest.lstrip().startswith("{"):
        text = Path(manifest).read_text(encoding="utf-8")
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadInput(f"The manifest cannot be read: {error}", where="manifest") from error
    if not isinstance(tree, dict):
        raise BadInput("The manifest must be a mapping.", where="manifest")
    features = _table(tree, "features")
    name = str(_table(tree, "display_information").get("name", "App"))
    return Manifest(
        name=name,
        bot_name=str(_table(features, "bot_user").get("display_name", name)),
        scopes=frozenset(_table(tree, "oauth_config", "scopes").get("bot") or ()),
        commands=tuple(
            Command(
                command=item["command"],
                description=item.get("description", ""),
                usage_hint=item.get("usage_hint", ""),
            )
            for item in features.get("slash_commands") or ()
        ),
        events=frozenset(_table(tree, "settings", "event_subscriptions").get("bot_events") or ()),
        shortcuts=tuple(
            Shortcut(callback_id=item["callback_id"], name=item["name"])
            for item in features.get("shortcuts") or ()
            if item.get("type") == "message"
        ),
    )


def _table(tree: dict[str, Any], *path: str) -> dict[str, Any]:
    for key in path:
        tree = tree.get(key) or {}
    return tree
