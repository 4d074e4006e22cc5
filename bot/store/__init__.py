"""The only place that knows SQL."""

from __future__ import annotations

from bot.store.aftermath import AftermathRows
from bot.store.alerts import AlertRows
from bot.store.around import AroundRows
from bot.store.baseline import BaselineRows
from bot.store.cursors import CursorRows
from bot.store.delays import DelayRows
from bot.store.exemptions import ExemptionRows
from bot.store.fading import FadingRows
from bot.store.feeds import FeedRows
from bot.store.inhibition import InhibitionRows
from bot.store.intake import IntakeRows
from bot.store.ledger import LedgerRows
from bot.store.outbox import OutboxRows
from bot.store.pages import PageRows
from bot.store.pictures import PictureRows
from bot.store.shadows import ShadowRows
from bot.store.snoozes import SnoozeRows
from bot.store.storms import StormRows
from bot.store.upkeep import UpkeepRows
from bot.store.verdicts import VerdictRows

__all__ = ["SqliteStore"]


class SqliteStore(
    AftermathRows,
    IntakeRows,
    AlertRows,
    VerdictRows,
    SnoozeRows,
    ExemptionRows,
    ShadowRows,
    AroundRows,
    BaselineRows,
    FadingRows,
    StormRows,
    InhibitionRows,
    OutboxRows,
    PageRows,
    PictureRows,
    DelayRows,
    FeedRows,
    CursorRows,
    LedgerRows,
    UpkeepRows,
):
    """`ports.Store` on one SQLite file. One process writes; others may read beside it."""
