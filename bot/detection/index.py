"""Which rules can match a record, told by a few of its fields before it is decoded in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress, count, product
from operator import attrgetter
from typing import TypeAlias

from msgspec import Struct

from bot.detection.echo import common
from bot.detection.record import Core, Who
from bot.detection.rule import Known, Rule

REMEMBERED = 20_000
"""Values kept in each table; names can be made up, memory cannot."""

_MADE_UP = "\x00nobody"
"""A value that no record has: a rule that may match it is not narrowed down by that field."""

_Call: TypeAlias = tuple[str, str, str | None, str | None]
"""eventName, eventSource, errorCode and the kind of identity: few different ones."""

_CALL = ("eventName", "eventSource", "errorCode", "userIdentity.type")
_NOBODY = Who()

_OTHERS: dict[str, Callable[[Core], str | None]] = {
    "userAgent": attrgetter("agent"),
    "awsRegion": attrgetter("region"),
    "userIdentity.arn": lambda core: (core.who or _NOBODY).arn,
    "sourceIPAddress": attrgetter("address"),
}
"""Fields that are asked only for rules which no call narrows down."""

_READ: dict[str, tuple[str, ...]] = {
    "userAgent": ("agent",),
    "awsRegion": ("region",),
    "sourceIPAddress": ("address",),
    "userIdentity.arn": ("who.arn",),
    "userIdentity.accessKeyId": ("who.key", "who.lower_key"),
    "userIdentity.invokedBy": ("who.service", "who.lower_service"),
}
"""What `known_of` says beyond the call, and the attributes of `Core` that it says it by."""

_NO_ECHO = ("userAgent", "awsRegion")
"""What may be another one with the next call of the same caller."""


_OBJECTS = ("requestParameters", "responseElements", "additionalEventData", "resources")
"""What stands in the text of a record under the keys that rules know it by."""


class Few(Struct, frozen=True, gc=False):
    """The rules that may match the records of a call, in their order; at least one.

    *ask* reads the fields of `Core` beyond the call that can settle it, None where none can. Where
    *echo* is not 0, time is cut into slots of as many milliseconds: once all of the rules that can
    match the same call by the same caller have matched it in a slot, more of it there are echoes,
    and tell nobody anything new. *number* tells the call from others.
    """

    number: int
    rules: tuple[Rule, ...]
    ask: Callable[[Core], object] | None
    echo: int = 0


class Asked(Struct, frozen=True, gc=False):
    """A rule that needs the whole record. Without one of *needles* in its text it cannot match,
    unless that has escapes; () where that is not so."""

    rule: Rule
    needles: tuple[bytes, ...] = ()


class Split(Struct, frozen=True, gc=False):
    """Of some rules: silent ones that match for certain, and those that need the whole record.

    Those called *repeated* have echoes (see `Few`) in slots of *echo* milliseconds, 0 where there
    are none; of an echo only the *rest* is asked. *number* tells the split from others.
    """

    certain: tuple[Rule, ...] = ()
    asked: tuple[Asked, ...] = ()
    number: int = 0
    echo: int = 0
    repeated: frozenset[str] = frozenset()
    rest: Split | None = None

    def over(self, raw: bytes) -> list[Rule]:
        """The rules to ask about the record with this text."""
        if b"\\" in raw:
            return [one.rule for one in self.asked]
        return [one.rule for one in self.asked if not one.needles or _holds(raw, one.needles)]


class _Calls(dict[_Call, Few | None]):
    """A call → the rules that can match a record of it, None where none can."""

    def __init__(self, rules: Sequence[Rule], make: Callable[[Iterable[Rule]], Few | None]) -> None:
        super().__init__()
        self._rules = rules
        self._make = make
        self._named: dict[tuple[str, str], tuple[Rule, ...]] = {}

    def __missing__(self, call: _Call) -> Few | None:
        if len(self) >= REMEMBERED:
            self.clear()
        name, source, error, kind = call
        # Names are few; only the rules of a name are asked about the rest.
        rules = self._named.get((name, source))
        if rules is None:
            if len(self._named) >= REMEMBERED:
                self._named.clear()
            named = {"eventName": (name,), "eventSource": (source,)}
            rules = tuple(rule for rule in self._rules if rule.may_match(named))
            self._named[name, source] = rules
        known = _known(zip(_CALL, (name, source, error, kind), strict=True))
        found = self[call] = self._make(rule for rule in rules if rule.may_match(known))
        return found


class _Table(dict[str | None, bool]):
    """A field's value → whether one of *rules* can match a record that has it; None is absent."""

    def __init__(self, field: str, rules: Sequence[Rule]) -> None:
        super().__init__()
        self._field = field
        self.rules = tuple(rules)

    def __missing__(self, value: str | None) -> bool:
        if len(self) >= REMEMBERED:
            self.clear()
        known = _known([(self._field, value)])
        found = self[value] = any(rule.may_match(known) for rule in self.rules)
        return found


class Index:
    """Nearly all rules need a certain call, and one look into a table finds those of a record's.

    The others are filed under one field that they need. What the index lets through may still not
    match; what it holds back cannot. *echoes* are rule → slots of time (see `Few`).
    """

    def __init__(self, rules: Sequence[Rule], echoes: Mapping[str, int] | None = None) -> None:
        self._echoes = echoes or {}
        self._order = {rule.name: place for place, rule in enumerate(rules)}
        filed: dict[str, list[Rule]] = {}
        for rule in rules:
            filed.setdefault(_witness(rule), []).append(rule)
        self._numbers = count()
        self._splits: dict[object, Split] = {}
        self._calls = _Calls(filed.pop("", []), self._few)
        self._others = [(_OTHERS[field], _Table(field, some)) for field, some in filed.items()]

    def candidates(self, core: Core) -> Few | None:
        """The rules that may match a record with *core*; None where none can."""
        who = core.who or _NOBODY
        few = self._calls[core.name, core.source, core.error, who.kind]
        return self._with_others(few, core) if self._others else few

    def hot(self, cores: Sequence[Core]) -> list[tuple[int, Few]]:
        """The places of those of *cores* that some rule may match, in order, with the rules."""
        get = self._calls.__getitem__
        # The cold path: one short expression for each record, whatever the number of rules.
        found = [
            get((core.name, core.source, core.error, core.who.kind if core.who else None))
            for core in cores
        ]
        for ask, table in self._others:
            some = map(table.__getitem__, map(ask, cores))
            for place in compress(range(len(cores)), some):
                found[place] = self._joined(found[place], table.rules)
        return [(place, few) for place, few in enumerate(found) if few is not None]

    def _with_others(self, few: Few | None, core: Core) -> Few | None:
        for ask, table in self._others:
            if table[ask(core)]:
                few = self._joined(few, table.rules)
        return few

    def split(self, few: Few, core: Core) -> Split:
        """What *core* settles of *few*. Rules that cannot match are left out."""
        key: object = few.number
        if few.ask is not None:
            try:
                key = (key, few.ask(core))
            except AttributeError:
                # Without userIdentity these are all that is left.
                key = (key, core.agent, core.region, core.address)
        found = self._splits.get(key)
        if found is None:
            if len(self._splits) >= REMEMBERED:
                self._splits.clear()
            found = self._splits[key] = self._split(few.rules, known_of(core))
        return found

    def _split(self, rules: Sequence[Rule], known: Known) -> Split:
        certain: list[Rule] = []
        asked: list[Asked] = []
        for rule in rules:
            verdict = rule.guess(known)
            if verdict and rule.silent:
                certain.append(rule)
            elif verdict is not False:
                # What is said aloud needs the whole record anyway.
                asked.append(Asked(rule, _needles(rule, known)))
        slots = {
            rule.name: self._echoes[rule.name]
            for rule in (*certain, *(one.rule for one in asked))
            if rule.name in self._echoes
        }
        rest = Split(
            tuple(rule for rule in certain if rule.name not in slots),
            tuple(one for one in asked if one.rule.name not in slots),
        )
        return Split(
            certain=tuple(certain),
            asked=tuple(asked),
            number=next(self._numbers),
            echo=common(slots.values()),
            repeated=frozenset(slots),
            rest=rest,
        )

    def _joined(self, few: Few | None, rules: Sequence[Rule]) -> Few | None:
        every = [*(few.rules if few else ()), *rules]
        return self._few(sorted(every, key=lambda rule: self._order[rule.name]))

    def _few(self, rules: Iterable[Rule]) -> Few | None:
        found = tuple(rules)
        if not found:
            return None
        echo = common(self._echoes.get(rule.name, 0) for rule in found)
        asked = {field for rule in found for field in (_READ if rule.reads is None else rule.reads)}
        paths = [path for field, some in _READ.items() if field in asked for path in some]
        if not asked.isdisjoint(_NO_ECHO):
            echo = 0
        return Few(next(self._numbers), found, attrgetter(*paths) if paths else None, echo)


def known_of(core: Core) -> Known:
    """All that *core* says of a record; what it cannot tell for sure is left out."""
    who = core.who or _NOBODY
    known: dict[str, Sequence[object]] = {
        "eventName": (core.name,),
        "eventSource": (core.source,),
        "errorCode": () if core.error is None else (core.error,),
        "userAgent": () if core.agent is None else (core.agent,),
        "sourceIPAddress": () if core.address is None else (core.address,),
        "userIdentity.type": () if who.kind is None else (who.kind,),
        "userIdentity.arn": () if who.arn is None else (who.arn,),
    }
    if core.region:
        # Empty or not there: the first look does not tell.
        known["awsRegion"] = (core.region,)
    # Absent, or there in lower case: a full decode tells.
    if who.key is not None or who.lower_key is None:
        known["userIdentity.accessKeyId"] = () if who.key is None else (who.key,)
    if who.service is not None or who.lower_service is None:
        known["userIdentity.invokedBy"] = () if who.service is None else (who.service,)
    return known


def _holds(raw: bytes, needles: Sequence[bytes]) -> bool:
    for needle in needles:  # noqa: SIM110 - a generator would cost more than the search
        if needle in raw:
            return True
    return False


def _needles(rule: Rule, known: Known) -> tuple[bytes, ...]:
    """The keys, as JSON writes them, of which *rule* needs one, given what is *known*."""
    # A full decode mends the case of userIdentity's keys: of these the text tells nothing.
    fields = [
        field
        for field in rule.reads or ()
        if field not in known and field.partition(".")[0] in _OBJECTS
    ]
    if not fields or rule.guess({**known, **dict.fromkeys(fields, ())}) is not False:
        return ()
    keys = {field.rpartition(".")[2] for field in fields}
    # Of parameters either case of the first letter counts (see `match.values`).
    keys |= {key[:1].swapcase() + key[1:] for key in keys}
    return tuple(f'"{key}"'.encode() for key in sorted(keys))


def _witness(rule: Rule) -> str:
    """The field without whose right value *rule* cannot match; "" where its call tells, or where
    nothing does and every record must be looked at."""
    for values in product((_MADE_UP, None), repeat=len(_CALL)):
        if rule.may_match(_known(zip(_CALL, values, strict=True))):
            break
    else:
        return ""
    for field in _OTHERS:
        if not (rule.may_match(_known([(field, _MADE_UP)])) or rule.may_match({field: ()})):
            return field
    return ""


def _known(fields: Iterable[tuple[str, str | None]]) -> Known:
    known: dict[str, Sequence[object]] = {
        field: () if value is None else (value,) for field, value in fields
    }
    if known.get("awsRegion") == ("",):
        del known["awsRegion"]
    return known
