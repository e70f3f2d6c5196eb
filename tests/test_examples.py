"""Models of other people in ``examples/``: each is heard, checked, and asked with every method that it offers."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import transformers as hf
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

import xviz
from xviz import engine
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.explain.available import available
from xviz.finding import spec

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.filterwarnings("ignore")
MODELS = ("BERT", "CLIP", "WHISPER", "T5", "LXMERT", "PERCEIVER", "LLAVA")


def module(name: str) -> ModuleType:
    sys.path.append(str(ROOT / "examples"))
    plan = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    loaded = importlib.util.module_from_spec(plan)
    plan.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def streams() -> ModuleType:
    return module("streams")


def first(model_spec: xviz.Spec) -> xviz.Sample:
    return next(iter(model_spec.samples().values()))


@pytest.mark.parametrize("name", MODELS)
def test_models_of_hugging_face_pass_the_check_and_say_that_they_are_random(name: str) -> None:
    example = spec(f"{ROOT}/examples/huggingface.py:{name}")
    findings = xviz.check(example)
    assert [finding.line() for finding in findings if finding.good is False] == []
    assert "random weights" in example.title
    assert "random" in example.weights
    heard = [finding.text for finding in findings if finding.what == "attention heard"]
    crosses = [text for text in heard if len(set(text.split(": ")[1].split(", ")[0].split(" to "))) == 2]
    alone = [finding.text for finding in findings if finding.what == "cross-attention"]
    assert bool(crosses) is not bool(alone)
    assert bool(alone) is (name in ("CLIP", "LLAVA"))
    if name == "LLAVA":
        assert "“sequence” joins start, patches, words" in alone[0]


@pytest.mark.parametrize("name", MODELS)
def test_methods_that_are_offered_answer(name: str) -> None:
    example = spec(f"{ROOT}/examples/huggingface.py:{name}")
    loaded = engine.built(example)
    run = engine.run(loaded, first(example))
    offered = [key for key, reason in available(loaded, run).items() if not reason and key != "shapley"]
    assert {"received", "rollout", "relevance", "integrated", "occlusion"} <= set(offered)
    for key in ("received", "rollout", "relevance", "occlusion"):
        scores = METHODS[key].explain(loaded, run, Target(example.target)).scores
        assert all(np.isfinite(values).all() for values in scores.values())


def test_real_weights_are_one_line(tmp_path: Path) -> None:
    """A folder as ``from_pretrained`` takes it stands for a name on the hub."""
    huggingface = module("huggingface")
    words = [*huggingface.HOUSE.split(), "das", "Haus", "ist", "<unk>"]
    tokens = Tokenizer(WordLevel({word: i for i, word in enumerate(dict.fromkeys(words))}, unk_token="<unk>"))
    tokens.pre_tokenizer = WhitespaceSplit()
    hf.PreTrainedTokenizerFast(tokenizer_object=tokens, unk_token="<unk>").save_pretrained(tmp_path)
    huggingface.T5.build().save_pretrained(tmp_path)
    mine = huggingface.t5(str(tmp_path))
    assert "random" not in mine.title + mine.weights
    run = engine.run(engine.built(mine), first(mine))
    assert run.calls[3].rows().shape == (4, 3, 9)
    assert run.spaces["text"].label(7) == "is"


@pytest.mark.parametrize("name", ["SPEC", "UNTRAINED"])
def test_three_streams_have_six_cross_attentions(streams: ModuleType, name: str) -> None:
    example = getattr(streams, name)
    findings = xviz.check(example)
    assert [finding.line() for finding in findings if finding.good is False] == []
    heard = [finding.text for finding in findings if finding.what == "attention heard"]
    assert len(heard) == 9
    assert sum(".attention:" in text for text in heard) == 6


@pytest.mark.parametrize("method", ["received", "occlusion"])
def test_the_planted_time_and_stream_are_found_in_the_trained_model_alone(streams: ModuleType, method: str) -> None:
    assert streams.found(streams.SPEC, method, count=7) >= 0.8
    assert streams.found(streams.UNTRAINED, method, count=7) <= 0.3


def test_the_streams_answer_samples_that_they_have_not_seen(streams: ModuleType) -> None:
    data = streams.planted(400, seed=99)
    with torch.no_grad():
        logits = streams.build()(data["sound"], data["face"], data["words"])
    assert ((logits > 0) == (data["answer"] > 0.5)).float().mean() >= 0.97
    changed = dict(data)  # turn around the sign of a stream that is not meant, and nothing changes
    changed["words"] = data["words"].clone()
    every = torch.arange(400)
    word = data["words"][every, data["signs"][:, 2]]
    changed["words"][every, data["signs"][:, 2]] = streams.GOOD + streams.BAD - word
    with torch.no_grad():
        other = streams.build()(changed["sound"], changed["face"], changed["words"])
    turned = (logits > 0) != (other > 0)
    assert turned[data["stream"] == 2].float().mean() >= 0.95
    assert turned[data["stream"] != 2].float().mean() <= 0.05


def test_training_learns_from_the_first_steps(streams: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    _, right = streams.train(50, batch=48)
    assert right > 0.6


def test_a_spec_finds_modules_beside_its_file(tmp_path: Path) -> None:
    (tmp_path / "besides_this.py").write_text("TITLE = 'Mine'\n")
    text = "import xviz\nfrom besides_this import TITLE\nSPEC = xviz.Spec(title=TITLE, outputs={'a': 'b'})\n"
    (tmp_path / "mine.py").write_text(text)
    assert replace(spec(f"{tmp_path}/mine.py")).title == "Mine"
    sys.path.remove(str(tmp_path))


def test_what_is_written_for_the_captioner_is_twenty_lines() -> None:
    text = (ROOT / "examples" / "captioner.py").read_text(encoding="utf-8").split("# what its owner writes")[1]
    lines = [line for line in text.splitlines()[1:] if line.strip()]
    assert len(lines) <= 20
