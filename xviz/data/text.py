"""A typed sentence as words: ``read_text``.

Words are runs of letters, marks and digits (with apostrophes and hyphens inside), numbers, emoji with all their parts,
single characters of Chinese and Japanese, which are written without spaces, and single signs of everything else.
Nothing is looked up in a vocabulary here, and markup stays the text it is.
"""

from __future__ import annotations

import unicodedata

import regex

from xviz.core.errors import SampleError
from xviz.core.sample import Text

LIMIT = 200  #: words of a sentence; the longest captions of Flickr30k have about 80
LONGEST = 2000  #: characters of a sentence

_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}"
_JOINING = r"[\p{L}\p{M}--[\p{Latin}\p{Greek}\p{Cyrillic}\p{Han}]]"  # scripts in which a joiner changes what one sees

#: What nobody can see: controls, lone surrogates, direction overrides, zero widths, fillers; but not what shapes emoji
#: and letters: variation selectors after a sign, joiners between emoji or letters that join, the tags of flags.
_INVISIBLE = regex.compile(
    rf"""(?V1)
      (?<=\p{{Extended_Pictographic}}[\uFE0F\p{{Emoji_Modifier}}]?)(?P<keep>\u200D)(?=\p{{Extended_Pictographic}})
    | (?<={_JOINING})(?P<keep>[\u200C\u200D])(?={_JOINING})
    | (?<=[^\s\p{{C}}])(?P<keep>[\uFE0E\uFE0F])
    | (?<=\U0001F3F4[\U000E0020-\U000E007E]*)(?P<keep>[\U000E0020-\U000E007F])
    | [\p{{Cc}}\p{{Cs}}\p{{Bidi_Control}}\p{{Default_Ignorable_Code_Point}}--\s]
    """,
    regex.VERBOSE,
)

_WORD = regex.compile(
    rf"""(?V1)
      (?:\p{{RI}}{{2}} | [0-9#*]\uFE0F?\u20E3 | (?=\p{{Extended_Pictographic}})\X)     # an emoji, a flag, a key
    | [{_CJK}][\p{{M}}ー]*                                                             # one character
    | \p{{N}}+(?:[.,:]\p{{N}}+)+                                                       # 3.5, 1,000, 10:30
    | [[\p{{L}}\p{{M}}\p{{N}}_\u200C\u200D]--[{_CJK}]]+
      (?:['’‑-][[\p{{L}}\p{{M}}\p{{N}}]--[{_CJK}]]+)*                                   # dog’s, t-shirt
    | \S\p{{M}}*                                                                       # any other sign
    """,
    regex.VERBOSE,
)


def read_text(source: str, *, limit: int = LIMIT) -> Text:
    """The sentence as words, in order, repeated words kept apart.

    The characters are composed (Unicode NFC) and cleared of what nobody can see; none that can be seen is lost.

    Args:
        source: the sentence as typed.
        limit: the most words, punctuation marks counted.

    Raises:
        SampleError: there is nothing to read, or too much.
    """
    if len(source) > LONGEST:
        raise SampleError(
            f"A sentence may have {LONGEST} characters; this one has {len(source)}. Type one sentence of it."
        )
    visible = _INVISIBLE.sub(lambda match: match["keep"] or "", source)
    lost = len(source) - len(visible)
    clean = unicodedata.normalize("NFC", visible).strip()
    words = tuple(_WORD.findall(clean))
    if not words:
        raise SampleError("A text needs at least one word; this one is empty. Type a sentence, or choose an example.")
    if len(words) > limit:
        raise SampleError(
            f"A sentence may have {limit} words and punctuation marks; this one has {len(words)}. "
            f"Shorten it by {len(words) - limit}."
        )
    notes = (f"{lost} invisible character{'s were' * (lost > 1) or ' was'} left out.",) if lost else ()
    return Text(words, clean, notes)
