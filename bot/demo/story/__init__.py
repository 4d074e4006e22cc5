"""What happens in the demo's account: two usual weeks in a contact centre, and a takeover."""

from bot.demo.story.cast import PROD, TRAINING
from bot.demo.story.past import past, past_frames
from bot.demo.story.plot import after, story
from bot.demo.story.shapes import Expected, ExpectedAlert, Frame, Json, Story

__all__ = [
    "PROD",
    "TRAINING",
    "Expected",
    "ExpectedAlert",
    "Frame",
    "Json",
    "Story",
    "after",
    "past",
    "past_frames",
    "story",
]
