"""Whether the word model can know what a sentence says: its pieces, and its language.

The word model was trained on English. Scripts other than Latin are told by their letters; for the other languages
py3langid's naive Bayes over character n-grams (after Lui & Baldwin, ACL 2012) compares the likeliest language with
English. Single words of English are often likelier elsewhere, by up to 12 nats (“skateboard”), so that only more than
``SURE`` counts: short phrases of another language pass, and no English caption is accused.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from threading import Lock

import regex

from xviz.core.run import Caution

UNKNOWN = "[UNK]"  #: the piece that stands for all that the vocabulary has nothing for
SURE = 14.0  #: nats by which another language must be likelier than English
_NAMED = 6  #: unknown words that are named
_LETTER, _LATIN = regex.compile(r"\p{L}"), regex.compile(r"\p{Latin}")
_lock = Lock()


def unknown_words(words: Sequence[str], pieces: Sequence[str], of_word: Sequence[int]) -> tuple[int, ...]:
    """The words that the model reads as “unknown”, as places in the sentence."""
    return tuple(sorted({int(word) for piece, word in zip(pieces, of_word, strict=True) if piece == UNKNOWN}))


def cautions(words: Sequence[str], pieces: Sequence[str], of_word: Sequence[int]) -> tuple[Caution, ...]:
    """What of a sentence the model cannot know, for people; none for English of known pieces."""
    found = []
    if gone := unknown_words(words, pieces, of_word):
        named = ", ".join(f"“{word}”" for word in list(dict.fromkeys(words[i] for i in gone))[:_NAMED])
        more = " and others" if len({words[i] for i in gone}) > _NAMED else ""
        found.append(
            Caution(
                f"The model’s vocabulary has nothing for {named}{more}: it reads each as the same “unknown” piece.",
                "Say it in other words.",
                "drawn in grey",
            )
        )
    if not english(" ".join(words)):
        found.append(
            Caution(
                "This sentence does not look like English. The word model was trained on English: words of other "
                "languages are fragments to it, so that the score says little about them.",
                "Translate it.",
            )
        )
    return tuple(found)


def english(sentence: str) -> bool:
    """Whether a sentence may be English; where little is to be seen, it may."""
    letters = _LETTER.findall(sentence)
    if len(letters) < 2:
        return True
    if 2 * sum(1 for letter in letters if _LATIN.match(letter)) < len(letters):
        return False
    with _lock:  # the identifier is made when it is first asked
        ranks = _ranks(sentence)
    return max(ranks.values()) - ranks["en"] <= SURE


@cache
def _identifier():
    from py3langid import langid

    return langid


def _ranks(sentence: str) -> dict[str, float]:
    return {language: float(score) for language, score in _identifier().rank(sentence)}
