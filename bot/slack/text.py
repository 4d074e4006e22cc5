"""Text that comes from elsewhere, made safe for Slack: nothing in it can mention, link or format.

Two kinds of place hold such text. `plain` is for plain_text objects, which Slack shows as they
are. `escape` and `code` are for mrkdwn; our own mrkdwn objects also set `verbatim`, so that Slack
turns no bare URL, channel name or e-mail address into a link.

What is written from right to left stands between isolates (UAX 9): a Hebrew name stays where it
was put, and the numbers and names after it stay behind it.
"""

from __future__ import annotations

import re
import unicodedata

from bot.model import Person, cut, moment

WHEN = "{date_short_pretty} at {time}"
"""The form of a moment on cards, in Slack's date tokens; each reader sees their own zone."""

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_TWINS = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"}
_FORMATTING = re.compile(r"[*~`]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_WORD = re.compile(r"\S+")
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # these show nothing
_MARKS_IN_A_ROW = 3
_USER_ID = re.compile(r"[UW][A-Z0-9]{2,30}")
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[ ()/-]{0,2}\d){6,14}(?!\d)")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,30}")
_UNIT = re.compile(r"&(?:amp|lt|gt);|<[^<>`]*>|.", re.DOTALL)
_APART, _ENDED = "\u2068", "\u2069"
_LEFTWARD = (  # the blocks of Hebrew, Arabic, Syriac, Thaana, N'Ko … and of their letter forms
    "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
)
_RUN = re.compile(f"[{_LEFTWARD}](?:[{_LEFTWARD}\\d\\W]*[{_LEFTWARD}])?[\u0300-\u036f]*")
_RIGHTWARD = re.compile(f"[^\\W\\d_{_LEFTWARD}]")


def clean(text: str) -> str:
    """*text* on one line, without what is invisible, reorders the line or piles up on letters."""
    kept: list[str] = []
    marks = 0
    for sign in text:
        kind = unicodedata.category(sign)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if kind in {"Cc", "Zs", "Zl", "Zp"}:
            kept.append(" ")
        elif kind == "Cs":
            kept.append("\ufffd")  # a lone surrogate cannot be sent at all
        elif kind != "Cf" and sign not in _BLANKS and marks <= _MARKS_IN_A_ROW:
            kept.append(sign)
    return " ".join("".join(kept).split())


def written(text: str) -> str:
    """What a person wrote, as it is stored: line by line clean, phone numbers masked.

    A number in international form keeps its first two digits and its last two: callers have no
    place in a ledger that is never pruned.
    """
    lines = (clean(line) for line in text.splitlines())
    return _PHONE.sub(_masked, "\n".join(line for line in lines if line))


def _masked(number: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", number[0])
    head = "+" if number[0].startswith("+") else ""
    return f"{head}{digits[:2]}•••••{digits[-2:]}"


def plain(text: str, limit: int = 3000) -> str:
    """*text* for a plain_text object: cleaned, at most *limit* characters, never empty."""
    shown = _isolated(clean(text)) or "–"
    if len(shown) <= limit:
        return shown
    return _closed(cut(shown, limit - 1 - (_APART in shown))) + "…"


def _isolated(text: str) -> str:
    """*text* with each run of words from right to left for itself, or as a whole where there are
    no others: so that words come in the order in which they were written."""
    if _RIGHTWARD.search(text):
        return _RUN.sub(lambda run: f"{_APART}{run[0]}{_ENDED}", text)
    return f"{_APART}{text}{_ENDED}" if _RUN.search(text) else text


def _closed(short: str) -> str:
    """*short*, the beginning of a text, without blanks and an open isolate at its end."""
    short = short.rstrip().removesuffix(_APART).rstrip()
    return short + _ENDED if short.count(_APART) > short.count(_ENDED) else short


def escape(text: str) -> str:
    """*text* for prose in mrkdwn: no mention, link, emoji or formatting can come out of it.

    `&`, `<` and `>` become entities. Signs that would format become look-alikes, so use `code`
    for what somebody may want to copy.
    """
    shown = _FORMATTING.sub(lambda sign: _TWINS[sign[0]], clean(text))
    shown = _WORD.sub(_without_emoji, shown)
    # `&gt;` at the start of a line is still read as a quotation.
    shown = "›" + shown[1:] if shown.startswith(">") else shown
    return _isolated(shown).translate(_ENTITIES)


def _without_emoji(word: re.Match[str]) -> str:
    return word[0].replace(":", "∶") if word[0].count(":") > 1 else word[0]


def code(text: str, limit: int = 500) -> str:
    """*text* as an inline code span of at most *limit* characters of it: exact, yet harmless.

    Only the backtick is replaced by a look-alike; what is invisible is spelled out, so that two
    names which look alike do not pass for one another.
    """
    text = text.strip()
    marks, units = 0, []
    for sign in text[: limit + 1]:
        marks = marks + 1 if unicodedata.category(sign) in {"Mn", "Me"} else 0
        units.append(_visible(sign) if marks <= _MARKS_IN_A_ROW else _spelt(sign))
    shown = "".join(units)
    if len(shown) > limit:
        shown = cut(units, limit - 1) + "…"
    shown = shown.replace("`", _TWINS["`"]).strip() or "–"
    span = f"`{shown.translate(_ENTITIES)}`"
    # Around the span, not in it: whoever copies the name copies nothing else.
    return f"{_APART}{span}{_ENDED}" if _RUN.search(shown) else span


def spell_out(text: str) -> str:
    """*text* of several lines with what is invisible spelt out, for preformatted text."""
    return "".join(sign if sign in "\n\t" else _visible(sign) for sign in text)


def _visible(sign: str) -> str:
    if sign == "\x7f":
        return "␡"
    if sign < " ":
        return chr(0x2400 + ord(sign))
    kind = unicodedata.category(sign)
    if kind in {"Cc", "Cf", "Cs", "Zl", "Zp"} or sign in _BLANKS or "\ufe00" <= sign <= "\ufe0f":
        return _spelt(sign)
    return " " if kind == "Zs" else sign


def _spelt(sign: str) -> str:
    return f"\\u{{{ord(sign):x}}}"


def date(time: str, form: str = WHEN) -> str:
    """The ISO *time* as Slack's `<!date>`, or, where it is no time, as it came."""
    known = moment(time)
    if known is None:
        return code(time) if time.strip() else "an unknown time"
    return f"<!date^{int(known.timestamp())}^{form}|{known:%Y-%m-%d %H:%M} UTC>"


def mention(person: Person) -> str:
    """`<@U…>` for a person whom Slack named to us, in mrkdwn; anything else is only a name."""
    if _USER_ID.fullmatch(person.user):
        return f"<@{person.user}>"
    return escape(person.name) or "somebody"


def summon(name: str) -> str:
    """The mention of a person's or a user group's id that the settings hold; else nothing."""
    if _GROUP_ID.fullmatch(name):
        return f"<!subteam^{name}>"
    return f"<@{name}>" if _USER_ID.fullmatch(name) else ""


def shorten(text: str, limit: int, tail: str = "…") -> str:
    """*text* (mrkdwn) in at most *limit* characters with *tail* in place of what was cut.

    Never cuts inside an entity, a `<…>` or an emoji, and closes a code span that it cuts.
    """
    if len(text) <= limit:
        return text
    room = limit - len(tail) - 1  # 1 for a backtick that closes a code span
    short = cut(_UNIT.findall(text), room - (_APART in text)).rstrip()
    if short.count("`") % 2 == 1:
        short = short[:-1].rstrip() if short.endswith("`") else short + "`"
    return _closed(short) + tail
