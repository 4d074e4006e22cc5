"""Records a second: unpacking and parsing alone (the floor) and the engine, in turn."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec
from isal import igzip
from msgspec import Struct

from bot.aws.files import walk
from bot.cli.sweep import Sweep, Tally, Window
from bot.detection.baseline import Baseline, Tuning
from bot.detection.chainwindow import ChainWindow
from bot.detection.correlate import Chains
from bot.detection.engine import Engine, Watcher
from bot.detection.record import Core, Limits, read
from bot.errors import BadInput
from bot.model import Unreadable, iso

_EVENTS = 5_000
"""Records that are judged one by one, as EventBridge delivers them."""


class _File(Struct, gc=False):
    Records: list[Core]


_decode = msgspec.json.Decoder(_File).decode


def measure(
    path: Path, *, rounds: int, jobs: int, folders: Sequence[Path] = ()
) -> dict[str, object]:
    """The figures of *path*; rates are records a second, the median of *rounds*.

    Floor and engine take turns, so that what else the machine does meets both. The engine's part
    is rules and correlations; then the same with baselines kept in memory: *warm* has seen the
    same records before, *cold* has seen nothing. Raises BadInput where *path* holds no plain files
    of CloudTrail.
    """
    files = [file for file in walk([path]) if isinstance(file, Path)]
    sweep = Sweep.of(folders, Window())
    records, size = _floor(files)
    if not records:
        raise BadInput(f"{path} holds no records. `callwarden bench corpus` writes some.")
    took: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        took.setdefault(name, []).append(_seconds(work))

    def judged(watcher: Watcher | None = None, jobs: int = 1) -> None:
        sweep.engine.watch(watcher)
        _judge(sweep, files, records, jobs)

    warm = Baseline(Tuning())
    judged(warm)
    for _ in range(rounds):
        timed("floor", lambda: _floor(files))
        timed("engine", judged)
        timed("warm", lambda: judged(warm))
        cold = Baseline(Tuning())
        timed("cold", lambda: judged(cold))  # noqa: B023 - called at once
        if jobs > 1:
            timed("shared", lambda: judged(jobs=jobs))
    sweep.engine.watch(warm)
    single = _event_us(sweep.engine, files[0])
    floor, engine = median(took["floor"]), median(took["engine"])
    shared = median(took["shared"]) if "shared" in took else None
    return {
        "records": records,
        "files": len(files),
        "rules": sweep.rules,
        "rounds": rounds,
        "floor_rps": round(records / floor),
        "floor_mb_s": round(size / floor / 1e6),
        "engine_rps": round(records / engine),
        "engine_mb_s": round(size / engine / 1e6),
        "ratio": round(floor / engine, 3),
        "ratio_baselines_warm": round(floor / median(took["warm"]), 3),
        "ratio_baselines_cold": round(floor / median(took["cold"]), 3),
        "single_us": single,
        "peak_rss_mb": round(_peak_mb(), 1),
        "jobs": jobs,
        "jobs_rps": round(records / shared) if shared else None,
        "jobs_speedup": round(engine / shared, 2) if shared else None,
    }


def _floor(files: Sequence[Path]) -> tuple[int, int]:
    """Unpack and decode the fields of `Core`, and nothing else: records, bytes of JSON."""
    records = size = 0
    for file in files:
        body = file.read_bytes()
        if body.startswith(b"\x1f\x8b"):
            body = igzip.decompress(body)  # type: ignore[no-untyped-call]
        try:
            records += len(_decode(body).Records)
        except msgspec.MsgspecError as error:
            raise BadInput(f"{file} is no plain file of CloudTrail: {error}.") from error
        size += len(body)
    return records, size


def _judge(sweep: Sweep, files: Sequence[Path], records: int, jobs: int) -> None:
    """As `scan` does it, correlations included; nothing is shown."""
    tally, chains = Tally(), ChainWindow(Chains(sweep.engine.ruleset))
    now = iso(datetime.now(UTC))
    sweep.engine.forget()
    for look in sweep.over(files, tally, jobs=jobs):
        if look.hits:
            chains.judge(look.hits, now)
    if tally.records != records:
        raise BadInput(f"The engine read {tally.records:,} of {records:,} records.")


def _event_us(engine: Engine, file: Path) -> float:
    """Microseconds for one record in EventBridge's envelope, from bytes to findings."""
    bodies = [
        b'{"version":"0","id":"e","detail-type":"AWS API Call via CloudTrail","source":"aws.any",'
        b'"account":"111122223333","time":"2026-11-22T10:00:00Z","region":"eu-central-1",'
        b'"resources":[],"detail":' + bytes(entry.raw) + b"}"
        for entry in read(_Bytes(str(file), file.read_bytes()), Limits())
        if not isinstance(entry, Unreadable)
    ][:_EVENTS]
    limits = Limits()

    def each() -> None:
        for body in bodies:
            for entry in read(_Bytes("event", body), limits):
                if not isinstance(entry, Unreadable):
                    engine.look(entry)

    return round(min(_seconds(each) for _ in range(3)) / len(bodies) * 1e6, 2)


class _Bytes(Struct, frozen=True):
    where: str
    body: bytes


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _peak_mb() -> float:
    """The most that this process, or the largest of those it started, held in memory."""
    unit = 1 if sys.platform == "darwin" else 1024
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return most * unit / 1e6
