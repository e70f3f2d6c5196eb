"""Records of checkpoints in words."""

from __future__ import annotations

import pytest

from xviz import record
from xviz.data.shipped import samples
from xviz.explain import METHODS
from xviz.models import MODELS


def rows(received: float, occlusion: float, test: float) -> list[dict[str, object]]:
    def row(key: str, value: float) -> dict[str, object]:
        fit = {"correlation": value, "hits": 0.25}
        return {"method": key, "title": key.capitalize(), "trained": fit, "untrained": fit, "trials": 4}

    table = [row("received", received), row("occlusion", occlusion), row("t-test", test), row("chance", 0.13)]
    for line in table[2:]:
        del line["untrained"]
    return table


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            rows(0.05, 0.2, 0.6),
            "the attention received does no better than chance (+0.05), a plain t-test does (+0.60)",
        ),
        (rows(0.30, 0.2, 0.6), "the attention received beats chance (+0.30) but loses against a plain t-test (+0.60)"),
        (
            rows(0.70, 0.2, 0.6),
            "the attention received beats a plain t-test (+0.70 against +0.60); it hits 25% of the strongest",
        ),
        (
            rows(0.05, 0.7, 0.6),
            "occlusion, beats a plain t-test (+0.70 against +0.60); on an untrained model it reaches +0.70",
        ),
        (rows(-0.2, -0.1, 0.6), "(−0.20)"),
    ],
)
def test_whether_attention_loses_is_said(table: list[dict[str, object]], sentence: str) -> None:
    assert sentence in record.eeg.verdict("valence", table)


def test_a_record_of_recordings_as_tables() -> None:
    split = {"label": "valence", "leaks": False, "windows": 0.7, "chance": 0.5, "tested_windows": 200}
    measured = {
        "card": "mca",
        "splits": [
            {"split": "paper", "shipped": False, **split},
            {"split": "subject", "shipped": True, "trials": 0.75, "tested_trials": 20, **split},
        ],
        "truth": {"valence": rows(0.05, 0.2, 0.6)},
        "real": [
            {"set": "A", "states": "x or y", "trained": 9, "tested": 8, "accuracy": 0.5, "commoner": 0.5, "luck": 0.75,
             "discriminant": 0.6},
        ],
    }  # fmt: skip
    markdown = record.as_markdown(measured)
    assert "**leaks**" in markdown
    assert "| whole subjects; **the shipped checkpoint** | valence | 70.0 (50.0) | 75.0 (20 trials) |" in markdown
    assert "| Received | +0.05 | 25% | +0.05, 25% | 4 |" in markdown
    assert "| A | x or y | 9 / 8 | 50.0 | 50.0 | 75.0 | 60.0 |" in markdown
    assert "On none of them does the model do better than chance" in markdown
    measured["real"][0]["accuracy"] = 0.9  # type: ignore[index]
    assert "Above chance: A." in record.as_markdown(measured)


def test_trainings_of_digits_as_tables() -> None:
    def run(form: str, voice: str, epochs: int, seed: int = 0, new: float = 80.0) -> dict[str, object]:
        return {"form": form, "voice": voice, "seed": seed, "epochs": epochs, "own split": 97.0, "new speaker": new}

    bare, shipped = record.digits.BARE, record.digits.SHIPPED
    runs = [
        *(run(shipped, voice, 20, new=new) for voice, new in (("theo", 92.0), ("george", 72.0))),
        *(run(bare, voice, 18, new=new) for voice, new in (("theo", 90.0), ("george", 50.0))),
        *(run(form, "yweweler", 8, seed) for form in (shipped, bare) for seed in range(3)),
    ]
    markdown = "\n".join(record.digits._otherwise({"trainings": {"short": 8, "runs": runs}}))
    assert f"left out, {shipped}** (one digit in a clip, % right; one training of 20 epochs" in markdown
    assert f"left out, {bare}** (one digit in a clip, % right; one training of 18 epochs" in markdown
    assert "| mean of 2 | 97.0 | 82.0 |" in markdown
    assert "| mean of 2 | 97.0 | 70.0 |" in markdown
    assert markdown.index("| george") < markdown.index("| theo")
    assert f"| {bare} | 3 | 97.0 (97.0–97.0) | 80.0 (80.0–80.0) |" in markdown
    assert "8 epochs" in markdown
    assert record.digits._otherwise({}) == []


def test_clips_without_a_digit_as_tables_and_as_a_warning() -> None:
    digits = record.digits
    kinds = {**digits.SOUNDS, **digits.WORDS}
    sure = {"sure": 88.0, "mean": 78.25, "most often": "five"}
    right = {"alone": 99.6, "behind": 90.0}
    measured = {
        "card": "mmvit",
        "digitless": {kind: {"clips": 150, "before": sure, "after": {**sure, "sure": 2.0}} for kind in kinds},
        "behind": {split: {"recordings": 250, "decibels": 10.0, "before": right, "after": right}
                   for split in digits.VOICES},
        "speech": {
            "threshold": 0.2,
            "digits warned": {"own split": 0.4, "speaker never heard": 1.2},
            "others warned": dict.fromkeys(kinds, 70.0) | {"music": 95.0, "words of a person": 31.0},
            "separation": {measure: dict.fromkeys(kinds, 0.875) for measure in digits.MEASURES},
        },
    }  # fmt: skip
    markdown = "\n".join(digits._digitless(measured))
    assert "| music of the soundfont TimGM6mb | 150 | 88.0 | 2.0 | 78.2 | 78.2 | five | five |" in markdown
    assert "a sound behind, 10 dB softer | 250 | 90.0 | 90.0 |" in markdown
    assert "| music of the soundfont TimGM6mb | 95.0 | 88 | 88 | 88 |" in markdown
    assert "the page warns below 20 %" in markdown
    assert digits._digitless({}) == []
    line, how_often = digits.unlikely(measured, 0.11) or ("", "")
    assert line == "No digit is likely said here: even the most probable one has 11 %."
    assert "1.2 % are that low (below 20 %); of computed noises and music, 70 to 95 %" in how_often
    assert "words of a person, 31 %" in how_often
    assert digits.unlikely(measured, 0.2) is None
    assert digits.unlikely({}, 0.0) is None
    for key in ("mmvit-instruments", "mmca"):
        assert record.absence(MODELS[key], dict.fromkeys(MODELS[key].outputs, -9.0)) is None


KINDS = {
    "mmca": ("composed scene", "photograph"), "mmvit": ("spoken digits", None),
    "mmvit-instruments": ("mixed notes", None), "mmvit-objects": ("composed picture", None),
    "mit": ("composed", "real"), "mca": ("simulated", "real"),
}  # fmt: skip


@pytest.mark.parametrize("key", KINDS)
def test_every_line_of_trust_names_its_domain_and_none_stands_under_a_sample_of_another(key: str) -> None:
    card, (own, other) = MODELS[key], KINDS[key]
    measured = [method for method in METHODS if record.trust(card, method)]
    assert len(measured) >= 5
    for method in measured:
        line = record.told(card, method, own)
        assert line == record.trust(card, method)
        assert line.startswith("Measured on ")
        for kind in {other, None}:
            told = record.told(card, method, kind)
            assert ("Nothing was measured on your own file" in told) == (kind is None)
            assert "nothing was measured" in told.lower()
            assert "The nearest: " in told
    assert record.domain(card, own) is None
    assert "nothing was measured on your own file" in record.domain(card, None)
    assert {shipped.kind for shipped in samples(key)} <= {kind for kind in (own, other) if kind}


def test_under_a_photograph_stands_what_was_measured_on_photographs() -> None:
    told = record.told(MODELS["mmca"], "occlusion", "photograph")
    assert "This is a real photograph, on which nothing was measured" in told
    assert "concepts never seen in training, 58 % of 200 named things" in told
    assert (
        "real photographs only retrieval: the right caption of 156 is among the first ten in 54 % (chance 6 %)" in told
    )
    assert "96 %" not in told
