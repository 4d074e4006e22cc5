"""How Callwarden itself is doing: its feeds, and how soon it says what it found."""

from bot.health.judging import Patience, Reading, judge, quiet_limit
from bot.health.latency import latency, measured
from bot.health.watch import FeedWatch

__all__ = ["FeedWatch", "Patience", "Reading", "judge", "latency", "measured", "quiet_limit"]
