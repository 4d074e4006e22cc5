"""What people say to the bot: one file is one command, button, modal or event.

`register` finds the files by folder and name. A misnamed or broken file stops the start.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

from msgspec import Struct
from slack_bolt import App
from slack_bolt.kwargs_injection import Args

from bot.errors import BadInput
from bot.model import Verb
from bot.ports import Bot
from handlers import failures, guard

KINDS = ("commands", "actions", "views", "shortcuts", "events")


class Listener(Struct, frozen=True):
    """A file under handlers/: what it listens to, and the verb a person needs for it.

    A menu's *choices*, by name, need verbs of their own.
    """

    kind: str
    id: str
    verb: Verb | None
    module: ModuleType
    choices: Mapping[str, Verb] = {}


def register(app: App, bot: Bot) -> None:
    """Hang the guard, every listener and the error handler into *app*.

    Raises BadInput naming the file that cannot be used.
    """
    listeners = discover()
    verbs = {(one.kind, one.id): one.verb for one in listeners if one.verb is not None}
    for one in listeners:
        verbs |= {(one.kind, f"{one.id}:{name}"): verb for name, verb in one.choices.items()}
    looking_up = ThreadPoolExecutor(guard.LOOK_UPS, thread_name_prefix="look-up")
    door = guard.Door(bot, verbs, app.dispatch, looking_up)
    app.use(functools.partial(guard.check, door))
    app.error(functools.partial(failures.tell, bot))
    hooks = {
        "commands": app.command,
        "actions": app.action,
        "views": app.view,
        "shortcuts": app.message_shortcut,
        "events": app.event,
    }
    for one in listeners:
        hooks[one.kind](one.id)(functools.partial(one.module.handle, bot))


def discover(package: str = "handlers") -> Sequence[Listener]:
    """Every listener under *package*, checked. Raises BadInput naming the file at fault."""
    found = []
    for kind in KINDS:
        folder = importlib.import_module(f"{package}.{kind}")
        for entry in pkgutil.iter_modules(folder.__path__):
            found.append(_load(f"{package}.{kind}.{entry.name}", kind, entry.name))
    return found


def _load(path: str, kind: str, name: str) -> Listener:
    where = f"{path.replace('.', '/')}.py"
    try:
        module = importlib.import_module(path)
    except Exception as error:
        raise BadInput(f"{where} cannot be loaded: {error!r}.", where=where) from error
    facts = vars(module)
    for fault in _faults(facts, kind, name):
        raise BadInput(f"{where}: {fault}", where=where)
    choices = facts.get("CHOICES", {})
    return Listener(kind=kind, id=facts["ID"], verb=facts["VERB"], module=module, choices=choices)


def _faults(facts: Mapping[str, Any], kind: str, name: str) -> Sequence[str]:
    expected = f"/{name}" if kind == "commands" else name
    faults = []
    if facts.get("ID") != expected:
        faults.append(f"its ID is {facts.get('ID')!r}; by its name it must be {expected!r}.")
    if "VERB" not in facts or isinstance(facts["VERB"], Verb) is (kind == "events"):
        wanted = "None" if kind == "events" else f"one of {', '.join(Verb)}"
        faults.append(f"its VERB must be {wanted}.")
    handle = facts.get("handle")
    if not callable(handle):
        return [*faults, "it has no function handle."]
    taken = list(inspect.signature(handle).parameters)
    # Bolt only warns about an argument it does not know, and passes None.
    unknown = [one for one in taken[1:] if one not in Args.__annotations__]
    if taken[:1] != ["bot"] or unknown:
        faults.append(f"handle must take bot first, then what Bolt knows; it takes {taken}.")
    return faults
