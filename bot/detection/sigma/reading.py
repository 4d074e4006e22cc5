"""Files of rules are found and read; whatever else has such a name is refused, never waited for."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import BadInput

if TYPE_CHECKING:
    from sigma.policy import SigmaPolicy

MOST = 1 << 20
"""Bytes that a file of rules may have; the longest of SigmaHQ's has some 30,000."""


def rule_files(folder: Path) -> Iterator[Path]:
    """What is called like a file of rules in *folder* and below, whatever it is."""
    for file in folder.rglob("*"):
        if file.suffix in (".yml", ".yaml") and not file.name.startswith("."):
            yield file


def documents(file: Path) -> list[dict[str, Any]]:
    """The YAML documents in *file*. Raises BadInput where it is not a plain file of them."""
    import yaml
    from sigma.rule.base import SigmaYAMLLoader

    text = _text(file)
    try:
        # The loader is yaml's safe one; it also refuses a key that stands twice.
        found = [one for one in yaml.load_all(text, SigmaYAMLLoader) if one is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadInput(f"it cannot be read: {' '.join(str(error).split())}") from error
    if not found or not all(isinstance(one, dict) for one in found):
        raise BadInput("it holds no rule")
    return found


def _text(file: Path) -> str:
    """What stands in *file*. A pipe or a device would never end, so it is not even opened."""
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "a pipe, a device or a socket"
            raise BadInput(f"it is {what}, not a file")
        with file.open("rb") as opened:
            body = opened.read(MOST + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise BadInput(f"it cannot be read: {reason}") from error
    if len(body) > MOST:
        raise BadInput("it is larger than 1 MiB; no file of rules is")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"it cannot be read: it is no UTF-8 at byte {error.start}") from error


@cache
def policy() -> SigmaPolicy:
    """pySigma's own, with RE2 as what regular expressions are held to, but without its log lines
    on standard error and with its reasons as text."""
    from sigma.policy import SigmaPolicy
    from sigma.policy.regex_engine import RE2RegexEngine, RegexPattern

    class Quiet(RE2RegexEngine):
        def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
            import re2

            options = re2.Options()
            options.log_errors = False
            try:
                re2.compile(pattern, options=options)
            except re2.error as error:
                reason = error.args[0] if error.args else ""
                raise re2.error(_decoded(reason)) from error
            return super().compile(pattern, flags)

    return SigmaPolicy(regex_engine=Quiet())


def _decoded(reason: object) -> str:
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
