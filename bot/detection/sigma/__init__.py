"""Sigma files become rules. The only package that knows pySigma, and it imports it late."""

from __future__ import annotations

from bot.detection.rule import RuleSet
from bot.detection.sigma.files import PACK, load

__all__ = ["PACK", "RuleSet", "load"]
