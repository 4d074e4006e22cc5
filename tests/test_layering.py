"""Who may import whom: design section 2, read from the sources themselves."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from bot.cli import COMMANDS

ROOT = Path(__file__).parents[1]
FILES = sorted(path for top in ("bot", "handlers") for path in (ROOT / top).rglob("*.py"))

WORDS = ("bot.model", "bot.errors")
CORE = (
    *("bot.triage", "bot.alerts", "bot.breakglass", "bot.denylist", "bot.guardrails"),
    *("bot.audits", "bot.summaries", "bot.jobs", "bot.ingest", "bot.snoozes", "bot.novelty"),
    *("bot.hours", "bot.escalation", "bot.paging", "bot.pager"),
    *("bot.routing", "bot.channels", "bot.health"),
    *("bot.exemptions", "bot.rulebook", "bot.rulefacts"),
    *("bot.storms", "bot.holding", "bot.standing", "bot.inhibition", "bot.telling"),
)
DRAWING = (
    *("bot.slack.cards", "bot.slack.modals", "bot.slack.text", "bot.slack.lint"),
    *("bot.slack.parts", "bot.slack.redact"),
)
EVERYTHING = ("bot", "handlers")


class Layer(Struct, frozen=True, kw_only=True):
    """What the modules under a name may import: of ours, and of others (None: anything)."""

    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] | None = ()


_CORE = Layer(ours=(*WORDS, "bot.ports", "bot.detection", "bot.checks", *CORE), theirs=("msgspec",))

# The longest name that fits a module is its layer.
LAYERS = {
    "bot": Layer(),
    "bot.__main__": Layer(ours=("bot.cli",)),
    "bot.model": Layer(ours=("bot.model",), theirs=("msgspec",)),
    "bot.errors": Layer(theirs=("msgspec",)),
    "bot.ports": Layer(ours=WORDS, theirs=("msgspec",)),
    "bot.settings": Layer(ours=(*WORDS, "bot.settings"), theirs=("msgspec",)),
    "bot.manifest": Layer(ours=WORDS, theirs=("msgspec", "yaml")),
    "bot.detection": Layer(
        ours=(*WORDS, "bot.detection"), theirs=("msgspec", "isal", "maxminddb", "yaml")
    ),
    "bot.detection.sigma": Layer(
        ours=(*WORDS, "bot.detection"), theirs=("msgspec", "re2", "sigma", "yaml")
    ),
    "bot.checks": Layer(ours=(*WORDS, "bot.checks"), theirs=("msgspec",)),
    **dict.fromkeys(CORE, _CORE),
    "bot.aws": Layer(
        ours=(*WORDS, "bot.ports", "bot.aws"),
        theirs=(
            "msgspec",
            "isal",
            "boto3",
            "botocore",
            "mypy_boto3_s3",
            "mypy_boto3_sns",
            "mypy_boto3_sqs",
        ),
    ),
    "bot.store": Layer(
        ours=(*WORDS, "bot.ports", "bot.store"), theirs=("msgspec", "sqlite3", "sqlite_utils")
    ),
    "bot.slack": Layer(
        ours=(*WORDS, "bot.ports", "bot.slack"),
        theirs=("msgspec", "cachetools", "slack_sdk", "slack_bolt"),
    ),
    # Values in, a picture out: it knows neither Slack nor the store.
    "bot.charts": Layer(ours=(*WORDS, "bot.charts"), theirs=("msgspec", "matplotlib")),
    "bot.places": Layer(ours=(*WORDS, "bot.settings", "bot.routing", "bot.health")),
    "bot.infra": Layer(ours=(*WORDS, "bot.settings", "bot.infra"), theirs=None),
    "bot.wiring": Layer(ours=("bot",), theirs=("apscheduler",)),
    "bot.cli": Layer(ours=EVERYTHING, theirs=None),
    "bot.bench": Layer(ours=EVERYTHING, theirs=None),
    "bot.demo": Layer(
        ours=(*WORDS, "bot.settings", "bot.demo"),
        theirs=(
            *("msgspec", "aiohttp", "yaml", "moto", "boto3", "botocore", "flask", "werkzeug"),
            *("mypy_boto3_s3", "mypy_boto3_sns", "mypy_boto3_sqs", "_typeshed"),
        ),
    ),
    "handlers": Layer(
        ours=(*WORDS, *CORE, "bot.ports", *DRAWING, "handlers"),
        theirs=("msgspec", "slack_bolt", "slack_sdk"),
    ),
}

# Imported by few, whatever their importer's layer allows.
ONLY_FROM = {
    "bot.demo": ("bot.demo", "bot.cli", "bot.bench"),
    "bot.bench": ("bot.bench", "bot.cli"),
    "bot.cli": ("bot.cli", "bot.__main__", "bot.bench"),
    "bot.wiring": ("bot.cli", "bot.bench"),
    "bot.charts": ("bot.charts", "bot.wiring"),
    "handlers": ("handlers", "bot.cli", "bot.bench"),
}

# Who makes what reaches out of the process: docs/architecture.md says the same.
MAKERS = {
    "WebClient": ("bot.slack.client", "bot.slack.bolt"),
    "SlackClient": ("bot.wiring",),
    "SqliteStore": ("bot.wiring", "bot.cli", "bot.bench"),
    "Aws": ("bot.wiring",),
}

COMMAND_MODULES = {"bot.cli", *(f"bot.cli.{name}" for name in COMMANDS)}

# What stands at the top of a command's module is imported at every start.
QUICK = ("bot.errors", "bot.model", "bot.cli", "bot")


def module_of(path: Path) -> str:
    """The dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def under(name: str, tops: tuple[str, ...]) -> bool:
    """Whether *name* is one of *tops* or inside one."""
    return any(name == top or name.startswith(f"{top}.") for top in tops)


def imports(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if source in {"bot", "bot.slack", "handlers"}:
                yield from (_resolved(source, name.name) for name in node.names)
            else:
                yield source


def _resolved(source: str, name: str) -> str:
    """`from bot import store` is about bot.store, `from bot import __version__` about bot."""
    inner = ROOT.joinpath(*source.split("."), name)
    is_module = inner.with_suffix(".py").exists() or inner.is_dir()
    return f"{source}.{name}" if is_module else source


def layer_of(module: str) -> Layer:
    """The rule for *module*."""
    fitting = [name for name in LAYERS if under(module, (name,))]
    return LAYERS[max(fitting, key=len)]


def faults_in(module: str, tree: ast.AST) -> list[str]:
    """Imports that *module* may not make."""
    layer, faults = layer_of(module), []
    for name in imports(tree):
        root = name.partition(".")[0]
        if root in EVERYTHING:
            tops = next((tops for top, tops in ONLY_FROM.items() if under(name, (top,))), None)
            allowed = under(name, layer.ours) and (tops is None or under(module, tops))
            # The package itself holds a version and nothing else.
            allowed = allowed or name == "bot"
        elif root in {"sqlite3", "sigma"} or root not in sys.stdlib_module_names:
            allowed = layer.theirs is None or root in layer.theirs
        else:
            allowed = True
        if not allowed:
            faults.append(f"{module} imports {name}")
    return faults


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def at_module_level(tree: ast.Module) -> Iterator[ast.AST]:
    """Everything that runs when the module is imported: not the bodies of functions."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]
            waiting += getattr(node, "decorator_list", [])
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            waiting += ast.iter_child_nodes(node)


_OPENS = {
    *("connect", "client", "resource", "WebClient", "App", "SqliteStore", "SlackClient", "open"),
    *("Session", "urlopen", "socket", "getenv", "BackgroundScheduler", "SocketModeHandler", "load"),
    *("read_text", "read_bytes", "Thread", "ThreadPoolExecutor", "getLogRecordFactory"),
}


def work_at_import(tree: ast.Module) -> list[str]:
    """Calls that open something, and looks into the environment, made by importing."""
    found = []
    for node in at_module_level(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in _OPENS:
                found.append(ast.unparse(node))
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ":
            found.append("os.environ")
    return found


def made(tree: ast.AST) -> set[str]:
    """The names of what is called, to be made or otherwise."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {ast.unparse(one).rpartition(".")[2] for one in calls}


def clock_readings(tree: ast.AST) -> list[str]:
    """Calls that read the machine's wall clock."""
    clocks = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if call.removeprefix("datetime.") in clocks or call in clocks]


# ── the rules hold ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_import_is_allowed(path: Path) -> None:
    """A module imports what its layer may, and nothing else."""
    assert faults_in(module_of(path), parsed(path)) == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_nothing_happens_at_import(path: Path) -> None:
    """Importing opens no connection, no file and no thread, and does not read the environment."""
    assert work_at_import(parsed(path)) == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_the_wiring_reads_the_clock(path: Path) -> None:
    """Time enters as an injected clock; only what stands outside the bot looks at the wall."""
    outside = ("bot.wiring", "bot.demo", "bot.bench", "bot.cli")
    if not under(module_of(path), outside):
        assert clock_readings(parsed(path)) == []


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_clients_and_stores_are_made_in_few_places(path: Path) -> None:
    """The wiring makes them; Bolt has a client of its own, and some look into the bot's store."""
    found = made(parsed(path)) & MAKERS.keys()
    assert [name for name in found if not under(module_of(path), MAKERS[name])] == []


@pytest.mark.parametrize(
    "path", [path for path in FILES if module_of(path) in COMMAND_MODULES], ids=module_of
)
def test_commands_import_late(path: Path) -> None:
    """At the top of a command's module stands only what starts fast."""
    top = ast.Module([node for node in parsed(path).body if _is_import(node)], [])
    slow = [
        name
        for name in imports(top)
        if not under(name, ("bot.cli", "click", "msgspec"))
        and name not in QUICK
        and name.partition(".")[0] not in sys.stdlib_module_names
    ]
    assert slow == []


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def test_what_is_slow_is_imported_late() -> None:
    """pySigma costs a third of a second, matplotlib half of one and 60 MB: only the loading of
    rules pays for the one, only the first picture for the other."""
    for path in FILES:
        top = ast.Module([node for node in parsed(path).body if _is_import(node)], [])
        assert not [name for name in imports(top) if under(name, ("sigma", "matplotlib"))], path


# ── the test itself can fail ────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bot.triage", "from bot.store import SqliteStore"),
        ("bot.triage", "from bot.slack import cards"),
        ("bot.alerts", "import slack_sdk"),
        ("bot.detection.record", "import boto3"),
        ("bot.detection.engine", "import sigma.rule"),
        ("bot.detection.engine", "from bot.ports import Blob"),
        ("bot.aws.files", "from bot.detection.record import Limits"),
        ("bot.aws.sqs", "from bot.store import SqliteStore"),
        ("bot.slack.cards.alert", "import sqlite3"),
        ("bot.slack.outbox", "from bot.triage import Triage"),
        ("bot.store.alerts", "def f():\n    from bot.alerts import judge"),
        ("bot.wiring", "from bot.demo.slack import SlackServer"),
        ("bot.wiring", "import handlers"),
        ("bot.demo.story", "from bot.alerts import judge"),
        ("bot.ports", "from bot.settings import Settings"),
        ("bot.slack.pictures", "from bot.charts import draw"),
        ("bot.charts.timeline", "from bot.slack.text import clean"),
        ("bot.summaries", "import matplotlib"),
        ("handlers.guard", "from bot.store import SqliteStore"),
        ("handlers.guard", "from bot.slack.client import SlackClient"),
        ("handlers.guard", "from bot.slack import client"),
    ],
)
def test_a_forbidden_import_is_seen(module: str, line: str) -> None:
    """Each rule of the table refuses what it should."""
    assert len(faults_in(module, ast.parse(line))) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("bot.triage", "from bot.ports import Folded\nimport msgspec, hashlib"),
        ("bot.store.alerts", "import sqlite3\nfrom bot.store import counts"),
        ("bot.detection.sigma.compile", "from sigma import conditions"),
        ("bot.slack.outbox", "from bot.slack import cards, lint"),
        ("bot.wiring", "from bot.store import SqliteStore\nfrom bot import __version__"),
        ("bot.wiring", "from bot.charts import draw"),
        ("bot.charts.canvas", "def f():\n    from matplotlib.figure import Figure"),
        ("bot.cli.demo", "from bot.demo.slack import SlackServer\nimport handlers"),
        ("handlers.guard", "from bot import alerts\nfrom bot.slack import cards"),
    ],
)
def test_an_allowed_import_is_not(module: str, line: str) -> None:
    """Near misses pass."""
    assert faults_in(module, ast.parse(line)) == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("store = sqlite3.connect('x')", 1),
        ("TOKEN = os.environ['X']", 1),
        ("def f(client=boto3.client('s3')): ...", 1),
        ("class A:\n    client = WebClient()", 1),
        ("def f():\n    return os.environ['X'], boto3.client('s3')", 0),
        ("clients = {}\nlog = logging.getLogger(__name__)", 0),
    ],
)
def test_work_at_import_is_seen(text: str, seen: int) -> None:
    """Defaults and class bodies run at import, function bodies do not."""
    assert len(work_at_import(ast.parse(text))) == seen


def test_the_making_of_a_client_is_seen() -> None:
    """By its bare name or by its module's, but not where it is only a type."""
    assert made(ast.parse("SlackClient('t')\nslack_sdk.WebClient()")) == {
        "SlackClient",
        "WebClient",
    }
    assert made(ast.parse("def f(store: SqliteStore) -> None: ...")) == set()


def test_a_clock_reading_is_seen() -> None:
    """The wall clock by any of its names, but not a monotonic timer or an injected clock."""
    assert clock_readings(ast.parse("datetime.now(UTC)\ndatetime.datetime.now()\ntime.time()"))
    assert clock_readings(ast.parse("clock.now()\ntime.monotonic()\nself._clock.now()")) == []
