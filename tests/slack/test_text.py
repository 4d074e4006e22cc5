"""Text from elsewhere cannot mention, link, format or hide."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Person, cut
from bot.slack.text import clean, code, date, escape, mention, plain, shorten, spell_out, written
from tests.slack.made import hostile, long_hostile
from tests.slack.mrkdwn import effects, shown


@given(long_hostile)
def test_nothing_comes_out_of_prose(text: str) -> None:
    """Escaped text has no effect of its own, wherever it stands."""
    assert effects(escape(text)) == []
    assert effects(f"*Who:* {escape(text)} · {escape(text)}") == ["bold"]
    assert effects(f"*Why*\n{escape(text)}") == ["bold"]


@given(long_hostile)
def test_a_code_span_stays_one_code_span(text: str) -> None:
    """Whatever is in it, a code span is not left before its end, and is never empty."""
    assert effects(code(text)) == ["code"]
    assert effects(f"{code(text)} and {code(text)}") == ["code", "code"]


@given(hostile)
def test_escaped_prose_still_says_the_same(text: str) -> None:
    """Only look-alikes differ from the cleaned text."""
    same = {"∗": "*", "ˍ": "_", "∼": "~", "ˋ": "`", "∶": ":", "›": ">"}
    back = str.maketrans(same | {"\u2068": "", "\u2069": ""})

    assert shown(escape(text)).translate(back) == clean(text).translate(back)


@pytest.mark.parametrize(
    "name", ["AmazonConnect_FullAccess", "arn:aws:iam::111122223333:user/a_b", "2001:db8::/48"]
)
def test_code_keeps_what_one_copies(name: str) -> None:
    """An identifier in a code span is what it was, to the letter."""
    assert code(name) == f"`{name}`"


def test_ordinary_prose_is_left_alone() -> None:
    """A sentence with an underscore inside a word, a time and a URL reads as written."""
    sentence = "role_admin at 10:05 via https://example.com"

    assert escape(sentence) == sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\u202eb", "`a\\u{202e}b`"),
        ("a\u200bb", "`a\\u{200b}b`"),
        ("a\nb", "`a␊b`"),
        ("a`b", "`aˋb`"),
        ("<!channel> & co", "`&lt;!channel&gt; &amp; co`"),
        ("", "`–`"),
        (" ", "`–`"),
        ("\ud800", "`\\u{d800}`"),
    ],
)
def test_code_shows_what_is_invisible(text: str, expected: str) -> None:
    """What would hide or reorder is spelt out."""
    assert code(text) == expected


@given(long_hostile, st.integers(20, 200))
def test_plain_text_is_one_visible_line(text: str, limit: int) -> None:
    """Plain text is never empty, never too long, on one line, and can be sent."""
    line = plain(text, limit)

    assert 1 <= len(line) <= limit
    assert line.splitlines() == [line]
    assert line.encode()
    assert not set(line) & set("\u202e\u2066\u200b\u2800\x00")


def test_marks_do_not_pile_up() -> None:
    """An accent stays; the tenth accent on one letter goes."""
    assert clean("e\u0301") == "e\u0301"
    assert clean("e" + "\u0301" * 10) == "e\u0301\u0301\u0301"


@given(long_hostile, st.integers(20, 300))
def test_shortening_cuts_nothing_in_two(text: str, limit: int) -> None:
    """A shortened text has whole entities and closed code spans only."""
    markup = f"*Who:* {code(text)} {escape(text)} {date('2026-11-22T10:00:00Z')}"
    short = shorten(markup, limit)

    assert len(short) <= limit
    assert short.count("`") % 2 == 0
    assert "&" not in shown(short.replace("&amp;", "").replace("&lt;", "").replace("&gt;", ""))
    assert short.count("<") == short.count(">")


def test_what_fits_is_not_shortened() -> None:
    """A text at its limit stays; one more character costs the ellipsis."""
    assert shorten("x" * 30, 30) == "x" * 30
    assert shorten("x" * 31, 30).endswith("x…")


def test_a_date_is_shown_in_the_readers_zone() -> None:
    """A time becomes Slack's token with a UTC fallback."""
    token = date("2026-11-22T10:03:11.000Z")

    assert token == "<!date^1795341791^{date_short_pretty} at {time}|2026-11-22 10:03 UTC>"


@pytest.mark.parametrize("text", ["", "soon", "<!channel>", "9999-99-99"])
def test_what_is_no_time_is_no_token(text: str) -> None:
    """A broken time is shown as it came, harmlessly."""
    assert not any(effect.startswith("<") for effect in effects(date(text)))


def test_only_ids_are_mentioned() -> None:
    """A Slack id makes a mention; anything else is only a name."""
    good = Person(user="U0ANA", team="T1", name="ana")
    forged = Person(user="U0ANA>  <!channel", team="T1", name="<!here>")

    assert mention(good) == "<@U0ANA>"
    assert mention(forged) == "&lt;!here&gt;"
    assert mention(Person(user="", team="")) == "somebody"


def test_preformatted_text_keeps_its_lines() -> None:
    """Line ends stay, what is invisible is spelt out."""
    assert spell_out("{\n  a\u202e`}") == "{\n  a\\u{202e}`}"


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("called +49 (30) 123-4567 twice", "called +49•••••67 twice"),
        ("00441632960123", "00•••••23"),
        ("+15550123456.", "+15•••••56."),
        ("account 111122223333, from 198.51.100.7", "account 111122223333, from 198.51.100.7"),
        ("2026-11-22 10:03, ticket +12", "2026-11-22 10:03, ticket +12"),
        ("first line \n\n  second\u200b line", "first line\nsecond line"),
    ],
)
def test_a_note_keeps_its_lines_and_no_callers_number(note: str, kept: str) -> None:
    """The ledger is never pruned; account ids, addresses and dates are what it is for."""
    assert written(note) == kept


# ── whole signs ─────────────────────────────────────────────────────────────

FAMILY, FLAG, WAVE, ACUTE = "👩\u200d👩\u200d👧", "🇨🇭", "👋🏽", "e\u0301"
WHOLE = [FAMILY, FLAG, WAVE, ACUTE, "❤\ufe0f", "ab", "&amp;"]


@pytest.mark.parametrize("sign", WHOLE[:5])
@pytest.mark.parametrize("room", range(1, 12))
def test_a_sign_is_shown_whole_or_not_at_all(sign: str, room: int) -> None:
    """However much room there is: half a flag is another letter, half a family another one."""
    assert cut(sign * 3, room) == sign * min(3, room // len(sign))


@given(st.lists(st.sampled_from(WHOLE), max_size=60).map("".join), st.integers(20, 80))
def test_nothing_that_is_shown_ends_in_the_middle_of_a_sign(text: str, limit: int) -> None:
    """A text that is cut says so by its ellipsis; what stands before it are whole signs."""
    for drawn in (plain(text, limit), shorten(escape(text), limit), code(text, limit)):
        said = html.unescape(drawn.strip("`"))
        if said.endswith("…"):
            kept = said[:-1]
            assert kept.count("🇨") == kept.count("🇭")
            assert not kept.endswith(("\u200d", "👋", "\\u{200d", "\\"))
            assert kept.count("👋") == kept.count("🏽")


def test_mischief_is_no_sign() -> None:
    """A letter with a thousand accents may be cut: it would take all the room there is."""
    assert 1 < len(cut("e" + "\u0301" * 1_000, 30)) <= 30


# ── from right to left ──────────────────────────────────────────────────────

DAVID, AHMAD = "דוד כהן", "أحمد"


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        (DAVID, f"\u2068{DAVID}\u2069"),
        (f"{DAVID} 12", f"\u2068{DAVID} 12\u2069"),
        (f"{DAVID} opened 3 of 5", f"\u2068{DAVID}\u2069 opened 3 of 5"),
        (f"{DAVID} 7, {AHMAD} 9 and Ben", f"\u2068{DAVID} 7, {AHMAD}\u2069 9 and Ben"),
        (f"\u202e{DAVID} said\u2069 no", f"\u2068{DAVID}\u2069 said no"),
        ("Zoë opened 3 of 5", "Zoë opened 3 of 5"),
        ("", ""),
    ],
)
def test_what_follows_a_name_from_right_to_left_stays_behind_it(text: str, prose: str) -> None:
    """Such words stand between isolates of ours; whoever brings his own loses them."""
    assert escape(text) == prose
    assert plain(text) == (prose or "–")


def test_a_code_span_from_right_to_left_is_copied_without_isolates() -> None:
    """They stand around it."""
    assert code(DAVID) == f"\u2068`{DAVID}`\u2069"
    assert code("dawid") == "`dawid`"


@given(
    st.lists(st.sampled_from([DAVID, AHMAD, " 12 ", "ben ", "<!here>", "`"]), max_size=30),
    st.integers(20, 120),
)
def test_every_isolate_is_closed_where_a_text_is_cut(words: list[str], limit: int) -> None:
    """Else the ellipsis and all behind it would turn round."""
    text = "".join(words)
    markup = f"*Who:* {code(text)} · {escape(text)} · ×12"
    for drawn in (plain(text, limit), shorten(markup, limit), code(text, limit), markup):
        assert drawn.count("\u2068") == drawn.count("\u2069")
        assert "\u2068\u2069" not in drawn
    assert len(plain(text, limit)) <= limit
    assert len(shorten(markup, limit)) <= limit
    assert len(effects(shorten(markup, limit))) <= 2
