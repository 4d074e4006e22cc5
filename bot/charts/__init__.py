"""Pictures: what is known goes in, PNG comes out; nothing else is touched."""

from __future__ import annotations

from bot.charts.aside import draw_aside
from bot.charts.timeline import draw

__all__ = ["draw", "draw_aside"]
