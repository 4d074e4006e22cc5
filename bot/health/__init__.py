"""How Callwarden itself is doing: its feeds, and how soon it says what it found."""

from bot.health.latency import latency, measured

__all__ = ["latency", "measured"]
