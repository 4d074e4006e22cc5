"""Pictures in modals: drawn and uploaded after the modal is open, then shown in it.

A picture is a file in Slack that nobody but us sees outside the modal. It is written down before it
is uploaded and deleted a day later by a job. That outlives a restart, which waiting for the modal
to close would not: Slack does not say so where the reader's app was simply shut.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from bot.errors import Fault, Refused, Unavailable
from bot.model import Timeline, iso
from bot.ports import Clock, Opened, Store
from bot.slack.client import SlackClient

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
"""For how long a picture stays in Slack."""

DELETED_AT_ONCE = 20
"""Files deleted by one run of the job, which runs every minute: files.delete is tier 3, 50 a
minute."""

WAITING_MOST = 20
"""Pictures under way; who opens Details beyond that reads the words alone."""

REFUSED_FOR = 600.0
"""Seconds without a picture after Slack refused one: somebody has to mend that first."""

NOT_READY = frozenset({"invalid_arguments", "invalid_blocks"})
"""Codes for a block whose file Slack has not taken in yet. It does so after it has answered; people
were told to wait for some seconds (slackapi/node-slack-sdk issue 1865)."""

READY_AFTER = (0.5, 1.0, 2.0, 4.0)
"""Seconds to wait before each further try to show a picture."""

CLOSED = frozenset({"not_found", "hash_conflict"})
"""The reader has closed the modal, or it shows something else by now: no fault."""

GONE = frozenset({"file_not_found", "file_deleted", "cant_delete_file"})
"""There is nothing (more) that we could delete."""


class SlackPictures:
    """`ports.Pictures`."""

    def __init__(
        self,
        client: SlackClient,
        store: Store,
        clock: Clock,
        draw: Callable[[Timeline], bytes],
        *,
        timer: Callable[[], float],
        pause: Callable[[float], object] | None = None,
    ) -> None:
        """*timer* gives monotonic seconds; *pause* waits so many of them, or less at `stop`."""
        self._client = client
        self._store = store
        self._clock = clock
        self._draw = draw
        self._timer = timer
        self._stopping = threading.Event()
        self._pause = pause or self._stopping.wait
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="pictures")
        self._drawing = threading.Lock()
        self._lock = threading.Lock()
        self._under_way = 0
        self._opens = 0.0
        self._why = ""
        self._missing = 0

    def show(
        self,
        opened: Opened,
        chart: Callable[[], Timeline],
        view: Callable[[str], dict[str, Any]],
    ) -> None:
        """Draw *chart* later, and show what *view* makes of its file in the modal."""
        with self._lock:
            if self._stopping.is_set() or not opened.id:
                return
            if self._timer() < self._opens or self._under_way >= WAITING_MOST:
                self._missing += 1
                return
            self._under_way += 1
        self._threads.submit(self._shown, opened, chart, view)

    @property
    def busy(self) -> bool:
        """Whether a picture is under way."""
        with self._lock:
            return self._under_way > 0

    def error(self) -> str:
        """Why pictures do not come, and how many did not since they last did; or ""."""
        with self._lock:
            if not self._why:
                return ""
            return f"{self._why} Left out so far: {self._missing}."

    def tidy(self) -> None:
        """Delete the files of yesterday, some at a time."""
        before = iso(self._clock.now() - KEPT)
        for file in self._store.pictures(before, DELETED_AT_ONCE):
            try:
                self._client.delete(file)
            except Refused as error:
                if error.code not in GONE:
                    raise
            self._store.picture_gone(file)

    def stop(self) -> None:
        """No new pictures; those under way end soon."""
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # ── one picture ─────────────────────────────────────────────────────────

    def _shown(
        self,
        opened: Opened,
        chart: Callable[[], Timeline],
        view: Callable[[str], dict[str, Any]],
    ) -> None:
        try:
            timeline = chart()
            with self._drawing:  # one at a time: it takes a processor
                png = self._draw(timeline)
            file = self._client.upload("timeline.png", png, self._begun)
            self._put(opened, view(file))
        except Fault as error:
            self._failed(error)
        except Exception:
            self._failed(Fault("The picture could not be drawn; the log has more."))
            log.exception("A picture in Details could not be drawn.")
        else:
            self._worked()
        finally:
            with self._lock:
                self._under_way -= 1

    def _begun(self, file: str) -> None:
        self._store.picture_begun(file, iso(self._clock.now()))

    def _put(self, opened: Opened, view: dict[str, Any]) -> None:
        """Redraw the modal, again where Slack does not have the file ready yet."""
        for wait in (*READY_AFTER, None):
            try:
                self._client.redraw(opened, view)
            except Refused as error:
                if error.code in CLOSED:
                    return
                if error.code not in NOT_READY or wait is None or self._stopping.is_set():
                    raise
                self._pause(wait)
            else:
                return

    def _failed(self, error: Fault) -> None:
        """Say once why no picture comes, and leave Slack alone for as long as it wants."""
        sentence = f"{error.sentence} {_mend(error)}".strip()
        hold = REFUSED_FOR if isinstance(error, Refused) else 0.0
        if isinstance(error, Unavailable):
            hold = error.retry_after or 0.0
        with self._lock:
            self._missing += 1
            self._opens = max(self._opens, self._timer() + hold)
            said, self._why = self._why == sentence, sentence
        if not said:
            log.error("Details is shown without its picture: %s", sentence)

    def _worked(self) -> None:
        with self._lock:
            self._why, self._missing = "", 0


def _mend(error: Fault) -> str:
    if isinstance(error, Refused) and error.code == "missing_scope":
        return (
            "Give the app the scope files:write (paste what `callwarden manifest` prints) and"
            " install it again."
        )
    return "The words of Details are complete without it."
