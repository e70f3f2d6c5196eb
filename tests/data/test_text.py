"""Sentences become words; nothing visible is lost, nothing invisible is kept."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from xviz.core.errors import SampleError
from xviz.data.text import read_text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("A dog next to a dog.", ("A", "dog", "next", "to", "a", "dog", ".")),
        ("The dog's t-shirt, 3.5 m!", ("The", "dog's", "t-shirt", ",", "3.5", "m", "!")),
        ("don’t — stop…", ("don’t", "—", "stop", "…")),
        ("<b>dog</b> &amp;", ("<", "b", ">", "dog", "<", "/", "b", ">", "&", "amp", ";")),
        ("  two\t\nlines ", ("two", "lines")),
        ("猫が好き。コーヒー", ("猫", "が", "好", "き", "。", "コー", "ヒー")),
        ("红 car红", ("红", "car", "红")),
        ("नमस्ते दुनिया", ("नमस्ते", "दुनिया")),
        ("مرحبا بالعالم، كيف؟", ("مرحبا", "بالعالم", "،", "كيف", "؟")),
        ("한국어 문장", ("한국어", "문장")),
        ("🦊🐶 and 👍🏽", ("🦊", "🐶", "and", "👍🏽")),
        ("👨\u200d👩\u200d👧", ("👨\u200d👩\u200d👧",)),
        ("🇩🇪🇫🇷 1\ufe0f\u20e3 ❤\ufe0f", ("🇩🇪", "🇫🇷", "1\ufe0f\u20e3", "❤\ufe0f")),
        ("می\u200cخواهم", ("می\u200cخواهم",)),
    ],
)
def test_words_of_many_scripts(source, words):
    read = read_text(source)
    assert read.words == words
    assert read.notes == ()


@pytest.mark.parametrize(
    ("source", "words", "lost"),
    [
        ("red\u202edog", ("reddog",), 1),  # direction override
        ("do\u200bg\ufeff \u2066cat\u2069", ("dog", "cat"), 4),  # zero width, isolates
        ("d\u200do\u200cg", ("dog",), 2),  # joiners where Latin letters do not join
        ("a\x00b\x1bc", ("abc",), 2),
        ("so\u00adft \u3164 end", ("soft", "end"), 2),
        ("lone \ud83d half", ("lone", "half"), 1),
        ("e\u034f\u0301", ("é",), 1),  # composed once the invisible joiner is gone
    ],
)
def test_what_nobody_sees_is_left_out_and_said(source, words, lost):
    read = read_text(source)
    assert read.words == words
    assert read.notes == (f"{lost} invisible character{'s were' if lost > 1 else ' was'} left out.",)
    assert len(read.source) <= len(source) - lost


def test_letters_are_composed():
    assert read_text("e\u0301te\u0301").words == ("été",)


VISIBLE = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cf", "Cs", "Cn", "Co", "Zs", "Zl", "Zp"),
    exclude_characters="\u115f\u1160",
)
UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u180b\u180c\u180d\u180f\ufe00\u2800"


@given(st.lists(st.text(VISIBLE, min_size=1, max_size=8), min_size=1, max_size=6).map(" ".join))
@example("a_b-c''d -- 1.2.3 x:y ˚")
def test_no_printable_character_is_lost(source):
    printable = "".join(c for c in source if not _variation(c))
    assume(printable.strip())
    read = read_text(source, limit=100)
    kept = "".join("".join(read.words).split())
    told = unicodedata.normalize("NFC", printable)
    assert "".join(c for c in kept if not _variation(c)) == "".join(told.split())
    assert kept == "".join(read.source.split())


def _variation(character: str) -> bool:
    """True for variation selectors and fillers, which have no shape of their own."""
    return character in UNSEEN or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


@given(st.text(st.characters(), max_size=60))
def test_any_text_is_read_or_refused(source):
    try:
        read = read_text(source)
    except SampleError:
        return
    assert read.words
    assert all(word and not any(c.isspace() for c in word) for word in read.words)
    "".join(read.words).encode()  # no lone surrogate
    assert read_text(read.source).words == read.words


@pytest.mark.parametrize("source", ["", "  \n\t", "\u200b\u202e", "\u3164", "\ufeff"])
def test_nothing_is_refused(source):
    with pytest.raises(SampleError, match=r"this one is empty\. Type a sentence"):
        read_text(source)


def test_too_many_words_are_refused():
    assert len(read_text("dog " * 200).words) == 200
    with pytest.raises(SampleError, match=r"may have 200 words .* this one has 202\. Shorten it by 2\."):
        read_text("dog " * 201 + ".")
    with pytest.raises(SampleError, match="may have 3 words"):
        read_text("one two three four", limit=3)


def test_too_many_characters_are_refused():
    with pytest.raises(SampleError, match="may have 2000 characters; this one has 2001"):
        read_text("x" * 2001)
    assert read_text("x" * 2000).words == ("x" * 2000,)
