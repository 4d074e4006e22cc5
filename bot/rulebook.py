"""The rules that are on, told and exchanged while the bot runs.

A new set takes the place of the old one only when all of it could be read. Whoever judges takes
the new one over between two deliveries, so that no record is judged by half of each.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.detection.coverage import coverage, reviewed
from bot.detection.rule import RuleSet
from bot.errors import BadInput, Fault
from bot.model import (
    Alert,
    Ask,
    Covered,
    Decision,
    Entry,
    LeftOut,
    RuleFacts,
    Shadowed,
    counted,
    iso,
)
from bot.ports import Bot, Clock, Store, Verdicted
from bot.rulefacts import every, facts_of

log = logging.getLogger(__name__)

SHADOW_DAYS = 7
"""Days of a shadow rule that are counted; silent for so long, it can be promoted."""


class Rulebook:
    """`ports.Rules`. *read* reads the rules anew, *use* hands a set to whoever judges."""

    def __init__(
        self,
        rules: RuleSet,
        read: Callable[[], RuleSet],
        use: Callable[[RuleSet], None],
        store: Store,
        clock: Clock,
    ) -> None:
        self._rules = rules
        self._read = read
        self._use = use
        self._store = store
        self._clock = clock
        self._since = iso(clock.now())
        self._error = ""
        self._turn = threading.Lock()
        self._note(rules)

    def facts(self) -> Sequence[RuleFacts]:
        """Every rule and then every correlation that is on, each time ours first."""
        return [facts_of(rule) for rule in every(self._rules)]

    def named(self, name: str) -> RuleFacts:
        """The rule or correlation called *name*. Raises BadInput with the nearest name where there
        is none."""
        return facts_of(self._rules.correlation(name) or self._rules.named(name))

    def refused(self) -> Sequence[LeftOut]:
        """The files of users' folders that were left out."""
        return self._rules.refused

    def shadows(self) -> Sequence[Shadowed]:
        """What each in the shadow would have said in the last `SHADOW_DAYS` days."""
        since = iso(self._clock.now() - timedelta(days=SHADOW_DAYS))
        known = {one.rule: one for one in self._store.shadows(since)}
        return [
            known.get(rule.name, Shadowed(rule=rule.name, since=self._since))
            for rule in every(self._rules)
            if rule.shadow
        ]

    def covered(self) -> Covered:
        """What the rules look at, of ATT&CK and of the calls of Connect that were reviewed."""
        calls = reviewed()
        found = coverage(self._rules, calls.operations, calls)
        gaps: dict[str, int] = {}
        for call in found.calls:
            if not call.rules:
                gaps[call.reason] = gaps.get(call.reason, 0) + 1
        return Covered(
            techniques=tuple(
                (one.technique.id, one.technique.name, len(one.rules)) for one in found.techniques
            ),
            covered=found.covered,
            calls=len(found.calls),
            gaps=tuple(gaps.items()),
        )

    def warnings(self) -> Sequence[str]:
        """What is wrong with the rules, a sentence each."""
        said = []
        if self._error:
            said.append(
                f"The rules could not be read anew; those of {self._since} stay on. {self._error}"
            )
        said += [f"{one.file} is left out of the rules: {one.reason}." for one in self.refused()]
        return said

    def reload(self) -> str:
        """Read all rules anew and use them; says how many. Raises BadInput, and keeps the old ones,
        where something is wrong."""
        with self._turn:
            try:
                rules = self._read()
            except Exception as error:
                known = isinstance(error, Fault)
                self._error = error.sentence if isinstance(error, Fault) else repr(error)
                log.error(
                    "The rules could not be read anew; the old ones stay on. %s",
                    self._error,
                    exc_info=None if known else error,
                )
                sentence = f"The old rules stay on, as the new ones cannot be used. {self._error}"
                raise BadInput(sentence, where="rules") from error
            self._note(rules)
            self._use(rules)
            self._rules, self._error, self._since = rules, "", iso(self._clock.now())
            chains = counted(len(rules.correlations), "correlation")
            shadow = sum(rule.shadow for rule in every(rules))
            said = f"{counted(len(rules), 'rule')} and {chains} are on, {shadow} of them shadow"
            if rules.refused:
                said += f"; {len(rules.refused)} file(s) left out"
            log.info("Rules were read anew: %s.", said)
            return f"{said}."

    def reload_quietly(self) -> None:
        """As `reload`, for a signal: what is wrong is in the log and in the status."""
        try:
            self.reload()
        except BadInput:
            return  # said there

    def _note(self, rules: RuleSet) -> None:
        names = [rule.name for rule in every(rules) if rule.shadow]
        self._store.note_shadows(names, iso(self._clock.now()))
        for one in rules.refused:
            log.warning("%s is left out of the rules: %s.", one.file, one.reason)


def reload(bot: Bot, ask: Ask) -> str:
    """Read all rules anew because somebody asked; who and what came of it is in the ledger.

    Raises BadInput where the old ones stay on.
    """
    try:
        said, fault = bot.rules.reload(), None
    except BadInput as error:
        said, fault = error.sentence, error

    def written(ask: Ask, _: Alert | None) -> Verdicted:
        kind = "rules.reload.refused" if fault else "rules.reload"
        reason = "broken" if fault else "done"
        return Verdicted(
            decision=Decision(ask=ask, accepted=not fault, reason=reason, sentence=said),
            entry=Entry(
                kind=kind, subject="rules", by=ask.by.user, at=ask.at, body={"outcome": said[:1000]}
            ),
        )

    bot.store.decide(ask, written)
    if fault:
        raise fault
    return said


def aloud(rules: RuleSet) -> RuleSet:
    """Only the shadow rules, made to speak, so that what they would say can be counted."""
    return RuleSet(
        tuple(replace(rule, status="test", overridden=True) for rule in rules if rule.shadow)
    )
