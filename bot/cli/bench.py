"""`callwarden bench accuracy|baseline|clicks|corpus|crash|latency|peers|scan|start|storm`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
SEED = click.option("--seed", type=int, default=1, show_default=True)


@click.group()
def bench() -> None:
    """Measure this machine. Slack and AWS run on loopback; the bot is a process of its own.

    Exit status 1 where a target is missed or something went wrong; each fault is named.
    """


@bench.command()
@click.option("--pairs", type=click.IntRange(50), default=1_000_000, show_default=True)
@FORMAT
def baseline(pairs: int, form: str) -> None:
    """Evidence of many (principal, feature) pairs: its size, the restart, the memory."""
    from bot.bench import baseline as it

    _end(it.measure(pairs=pairs), form)


@bench.command()
@click.option("--records", type=click.IntRange(1), default=100, show_default=True)
@SEED
@FORMAT
def latency(records: int, seed: int, form: str) -> None:
    """Record on SQS → card posted, while no channel limit is reached."""
    from bot.bench import latency as it
    from bot.manifest import text

    _end(it.measure(text(), records=records, seed=seed), form)


@bench.command()
@click.option("--records", type=click.IntRange(1), default=10_000, show_default=True)
@click.option(
    "--clicks",
    "least",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="At least so many clicks; they go on while records are being stored.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    help="Clicks a second.",
)
@SEED
@FORMAT
def clicks(records: int, least: int, rate: float, seed: int, form: str) -> None:
    """Click → ack while matching records are being stored."""
    from bot.bench import clicks as it
    from bot.manifest import text

    _end(it.measure(text(), records=records, least=least, rate=rate, seed=seed), form)


@bench.command()
@click.option("--kills", type=click.IntRange(0), default=50, show_default=True)
@click.option("--alerts", type=click.IntRange(1), default=500, show_default=True)
@SEED
@FORMAT
def crash(kills: int, alerts: int, seed: int, form: str) -> None:
    """kill -9 at random moments: each alert exactly once, none lost, the ledger whole."""
    from bot.bench import crash as it
    from bot.manifest import text

    def tell(what: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what}   ", nl=False, err=True)

    _end(it.measure(text(), kills=kills, alerts=alerts, seed=seed, tell=tell), form)


@bench.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--records", type=click.IntRange(1), default=240_000, show_default=True)
@SEED
@FORMAT
def corpus(folder: Path, records: int, seed: int, form: str) -> None:
    """Write a synthetic corpus, laid out like a trail's bucket, for `bench scan`."""
    from bot.bench import corpus as it

    _end({**it.write(folder, records=records, seed=seed), "faults": []}, form)


@bench.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--rules",
    "folder",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="A folder of Sigma rules, such as SigmaHQ's rules/cloud/aws/cloudtrail.",
)
@FORMAT
def peers(path: Path, folder: Path, form: str) -> None:
    """The rules of a folder here, in chdb and in DuckDB, each where it is installed by hand."""
    from bot.bench import peers as it

    _end({**it.measure(path, folder), "faults": []}, form)


@bench.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A folder of your own Sigma rules beside ours; may be repeated.",
)
@FORMAT
def scan(path: Path, rounds: int, jobs: int, folders: tuple[Path, ...], form: str) -> None:
    """Records a second through the rules, beside unpacking and parsing alone, in turn."""
    from bot.bench import speed as it

    found = it.measure(path, rounds=rounds, jobs=jobs, folders=folders)
    _end({**found, "faults": []}, form)


@bench.command()
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    help="How long the bot runs before its memory is looked at.",
)
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=7,
    show_default=True,
    help="Fresh interpreters that import the command line.",
)
@FORMAT
def start(seconds: float, runs: int, form: str) -> None:
    """How long the command line takes to import, how much memory the bot holds."""
    from bot.bench import start as it
    from bot.manifest import text

    _end(it.measure(text(), seconds=seconds, runs=runs), form)


@bench.command()
@click.option("--records", type=click.IntRange(1), default=10_000, show_default=True)
@click.option(
    "--seconds",
    type=click.FloatRange(1),
    default=60.0,
    show_default=True,
    help="How long the flood takes.",
)
@SEED
@FORMAT
def storm(records: int, seconds: float, seed: int, form: str) -> None:
    """A flood of records in ten channels: what they hear of it, and whether anything is lost."""
    from bot.bench import storm as it
    from bot.manifest import text

    def tell(what: str) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{what}   ", nl=False, err=True)

    _end(it.measure(text(), records=records, seconds=seconds, seed=seed, tell=tell), form)


@bench.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--labels",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="JSON lines: a record's line (from 1), its label (attack, background, …), its technique.",
)
@click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A folder of your own Sigma rules beside ours; may be repeated.",
)
@FORMAT
def accuracy(path: Path, labels: Path, folders: tuple[Path, ...], form: str) -> None:
    """What the rules find of labelled records, and how much they say of harmless ones.

    PATH holds one CloudTrail record a line, plain or gzipped. Findings are folded as in production.
    """
    import json

    from bot.bench.accuracy import judge_of, measure
    from bot.detection import sigma

    result = measure(path, labels, judge_of(sigma.load(folders)))
    click.echo(json.dumps(result.as_tree()) if form == "json" else result.as_text())


def _end(result: Mapping[str, object], form: str) -> None:
    """Print *result*, name its faults, and exit accordingly."""
    from bot.bench.load import as_text

    click.echo(as_text(result, form))
    faults = result["faults"]
    assert isinstance(faults, list)
    for fault in faults:
        click.echo(f"fault: {fault}", err=True)
    sys.exit(1 if faults else 0)
