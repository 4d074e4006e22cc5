"""What a person does and sees in a real browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, ViewportSize, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# A condition is waited for; on a busy machine that may take longer than the default 5 s.
expect.set_options(timeout=20_000)

IN_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
"""For `pytestmark` of a module whose tests need a browser."""

PHONE: ViewportSize = {"width": 390, "height": 844}


def picture(page: Page, name: str) -> None:
    """Keep a screenshot where CALLWARDEN_SCREENSHOTS says so."""
    if folder := os.environ.get("CALLWARDEN_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def button(within: Locator, action: str) -> Locator:
    """A button by its action id."""
    return within.locator(f"button[data-action-id={action}]")


def become(page: Page, who: str) -> None:
    """Switch to another person."""
    page.locator("#person").select_option(who)
