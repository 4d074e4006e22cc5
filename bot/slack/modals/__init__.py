"""Modals: each is one class with its ids, how it is built and how its answer is read."""

from bot.slack.modals.details import DetailsModal
from bot.slack.modals.expect import Expected, ExpectModal
from bot.slack.modals.hand_over import HandedOver, HandOverModal
from bot.slack.modals.notice import Notice
from bot.slack.modals.resolve import Answer, ResolveModal
from bot.slack.modals.snooze import Snoozed, SnoozeModal
from bot.slack.modals.words import NoteModal, ReopenModal, Written

__all__ = [
    "Answer",
    "DetailsModal",
    "ExpectModal",
    "Expected",
    "HandOverModal",
    "HandedOver",
    "NoteModal",
    "Notice",
    "ReopenModal",
    "ResolveModal",
    "SnoozeModal",
    "Snoozed",
    "Written",
]
