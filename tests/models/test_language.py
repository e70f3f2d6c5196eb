"""What the word model cannot know is told: words without pieces, and other languages; English never is."""

from __future__ import annotations

import pytest

from xviz.core.sample import Sample
from xviz.data.shipped import samples
from xviz.data.text import read_text
from xviz.drawings.words import words as drawn
from xviz.models import words
from xviz.models.language import cautions, english, unknown_words
from xviz.models.mmca import SHIPPED, prepare

OTHERS = (
    "Ein Hund läuft über die Wiese.", "Zwei Kinder spielen am Strand mit einem Ball.",
    "Une femme tient un parapluie rouge sous la pluie.", "Un chien court dans le jardin.",
    "Un perro corre por el parque.", "Una mujer sostiene un paraguas rojo bajo la lluvia",
    "Un cane corre nel prato.", "Um cachorro corre no parque.", "Een hond rent door het gras.",
    "En hund springer över gräset.", "Czerwony kubek stoi na stole", "Bir köpek çimenlerin üzerinde koşuyor.",
    "Koira juoksee nurmikolla.", "Pes běží po trávě.", "Seekor anjing berlari di taman.", "Egy kutya fut a füvön",
    "Собака бежит по траве.", "一只猫坐在垫子上", "猫がマットの上に座っている", "قطة على الكرسي",
    "एक कुत्ता घास पर दौड़ता है", "개가 잔디 위를 달린다", "Ένας σκύλος τρέχει στο γρασίδι", "כלב רץ על הדשא",
)  # fmt: skip
#: English that is short, without small words, or full of names
ENGLISH = (
    "zebra", "skateboard", "umbrella", "Red cup", "Two dogs run.", "man riding wave", "giraffe eating leaves",
    "Skateboarder grinds handrail", "Chihuahua wearing tiny sombrero", "A dog. 🐕", "GPS IMG_2034", "I ♥ NY",
    "Mount Fuji and Lake Kawaguchiko", "Arc de Triomphe at night", "COCO val2017 000000039769", "?!", "a",
    "Bowls of ramen, edamame and gyoza on a tatami mat", "The Golden Retriever fetches a Frisbee near Lake Tahoe.",
)  # fmt: skip


@pytest.mark.parametrize("sentence", OTHERS)
def test_other_languages_are_told(sentence: str) -> None:
    assert not english(sentence)


def test_no_english_caption_is_accused() -> None:
    listed = [sentence for shipped in samples("mmca") for sentence in shipped.sentences]
    assert len(listed) > 50
    assert [sentence for sentence in (*listed, *ENGLISH) if not english(sentence)] == []


def told(sentence: str) -> tuple[str, ...]:
    text = read_text(sentence)
    pieces = words.encode(text.words)
    return tuple(map(str, cautions(text.words, pieces.pieces, pieces.of_word)))


def test_words_without_a_piece_are_named_once() -> None:
    assert told("A fox 🦊 and a fox 🦊 on a 🛋️.") == (
        "The model’s vocabulary has nothing for “🦊”, “🛋️”: it reads each as the same “unknown” piece, drawn in grey. "
        "Say it in other words.",
    )
    assert told("A fox on a sofa.") == ()
    assert "and others" in told(" ".join("🦊🐶🐱🐭🐹🐰🐻") + " and more things on the table")[0]


def test_unknown_words_are_found_and_drawn() -> None:
    pieces = words.encode(("a", "🦊", "ukulele"))
    assert unknown_words(("a", "🦊", "ukulele"), pieces.pieces, pieces.of_word) == (1,)
    drawing = drawn(("a", "🦊", "ukulele"), unknown=(1,))
    assert "Unknown to the model: 🦊." in drawing.alt


LONG = (
    "A man in a blue shirt and a woman in a long green dress are standing next to a small wooden table in front of a "
    "white house with red shutters, while two children and a brown dog with a yellow ball play on the grass behind "
    "them, and an older man with grey hair, who wears glasses and a straw hat, is sitting in a chair beside the open "
    "door and reading a newspaper, as a white cat sleeps on the warm stone step at his feet in the late afternoon sun."
)


def test_captions_of_eighty_words_fit() -> None:
    text = read_text(LONG)
    assert 80 <= len(text.words) <= 110
    picture = samples("mmca")[0].load().parts
    inputs = prepare(Sample("a", {**picture, "text": text}), SHIPPED)
    assert not any("not read" in note for note in inputs.notes)
    assert inputs.spaces["pieces"].of(len(text.words) - 1), "the last mark is read too"
