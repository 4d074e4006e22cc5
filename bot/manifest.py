"""The Slack app manifest that ships with this installation."""

from __future__ import annotations

from pathlib import Path

from bot.errors import BadInput


def text() -> str:
    """manifest.yml: beside this module in an installed wheel, at the top of a checkout."""
    here = Path(__file__).parent
    for place in (here / "manifest.yml", here.parent / "manifest.yml"):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise BadInput("manifest.yml is missing from this installation; install it again.")
