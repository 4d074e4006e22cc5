"""What happens in the demo's account: an ordinary day in a contact centre, and a takeover."""

from bot.demo.story.cast import PROD, TRAINING
from bot.demo.story.plot import story
from bot.demo.story.shapes import Expected, ExpectedAlert, Frame, Json, Story

__all__ = ["PROD", "TRAINING", "Expected", "ExpectedAlert", "Frame", "Json", "Story", "story"]
