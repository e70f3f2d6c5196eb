"""``xviz check``: a model of somebody else, tried; what is wrong is named."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import xviz
from xviz import engine
from xviz.core.errors import ForeignError, ModelError
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.explain.available import available
from xviz.finding import spec

ROOT = Path(__file__).parents[1]
CAPTIONER = str(ROOT / "examples" / "captioner.py")


@pytest.fixture(scope="module")
def captioner() -> xviz.Spec:
    return spec(CAPTIONER)


def by_name(findings: list) -> dict[str, list]:
    table: dict[str, list] = {}
    for finding in findings:
        table.setdefault(finding.what, []).append(finding)
    return table


def test_a_decoder_of_pytorch_passes(captioner: xviz.Spec) -> None:
    table = by_name(xviz.check(captioner))
    assert not [finding for findings in table.values() for finding in findings if finding.good is False]
    heard = [finding.text for finding in table["attention heard"]]
    assert heard[1] == "decoder.layers.0.multihead_attn: words (7) to patches (64), 4 heads"
    assert len(heard) == 4
    assert table["output unchanged"][0].text == "the same to the bit"
    assert any("mean of the sample" in finding.text for finding in table["assumed"])


def test_every_offered_method_answers_for_every_token(captioner: xviz.Spec) -> None:
    loaded, sample = engine.built(captioner), next(iter(captioner.samples().values()))
    run = engine.run(loaded, sample)
    offered = [key for key, reason in available(loaded, run).items() if not reason]
    assert set(METHODS) - set(offered) == {"gradcam"}
    for key in offered:
        target = Target("next word", "words", (2,)) if METHODS[key].needs_focus else Target("next word")
        scores = METHODS[key].explain(loaded, run, target).scores
        assert {name: len(values) for name, values in scores.items()} == {"patches": 64, "words": 7}


def test_leaving_out_a_token_is_putting_the_mean_in_its_place(captioner: xviz.Spec) -> None:
    """Restated: the features of the patches by hand, the decoder run on them."""
    loaded, sample = engine.built(captioner), next(iter(captioner.samples().values()))
    varied = replace(sample, parts={"picture": xviz.Picture(torch.randint(0, 255, (64, 64, 3)).byte().numpy())})
    run = engine.run(loaded, varied)
    scores = METHODS["occlusion"].explain(loaded, run, Target("next word")).scores["patches"]
    module = captioner.build()
    picture, words = run.inputs.context["picture"][None], run.inputs.context["words"][None]
    patches = module.patch(picture).flatten(2).mT
    mask = nn.Transformer.generate_square_subsequent_mask(7)

    @torch.no_grad()
    def logit(features: torch.Tensor) -> float:
        return float(module.next(module.decoder(module.embed(words), features, tgt_mask=mask))[0, -1, 7])

    for token in (0, 9, 63):
        changed = patches.clone()
        changed[0, token] = patches[0].mean(0)
        assert scores[token] == pytest.approx(logit(patches) - logit(changed), abs=2e-6)


def test_without_features_only_attention_is_offered_and_the_reason_is_said(captioner: xviz.Spec) -> None:
    table = by_name(xviz.check(replace(captioner, features={})))
    assert table["methods"][0].text == (
        "Attention of the picked token, Attention received, Attention rollout, Gradient-weighted attention"
    )
    assert any("features=" in finding.text for finding in table["not offered"])


class Bare(nn.Module):
    """Attention by hand with no residual; what it computes can be changed."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(4, 4) for _ in range(3))
        self.fails = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.fails:
            raise KeyError("tokenizer")
        x.add_(0.0)  # changes what it is given, in place
        weights = (self.q(x) @ self.k(x).mT / 2).softmax(-1)
        return (weights @ self.v(x)).sum((1, 2))


def bare(**changes: object) -> xviz.Spec:
    torch.manual_seed(1)
    given = {
        "title": "Bare", "outputs": {"sum": "of all values"}, "build": lambda: Bare().eval(),
        "read": lambda sample: xviz.Inputs.of(xviz.Named("steps", tuple("abc")), x=torch.randn(3, 4)),
        "call": lambda model, tokens, present, given: {"sum": model(given["x"])},
        "samples": lambda: {"one": xviz.Sample("one", {"text": xviz.Text(("a",))})},
    }  # fmt: skip
    return xviz.Spec(**{**given, **changes})


def two() -> xviz.Inputs:
    return xviz.Inputs.of(xviz.Named("steps", tuple("ab")), x=torch.randn(3, 4))


def refused(spec: xviz.Spec) -> str:
    findings = xviz.check(spec)
    assert findings[-1].good is False
    return findings[-1].text


def half() -> Bare:
    return Bare().eval().to(torch.bfloat16)


def broken() -> Bare:
    module = Bare().eval()
    module.fails = True
    return module


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"build": lambda: Bare().train()}, "Call module.eval() first"),
        ({"build": lambda: Bare().eval().to("meta")}, "Call module.cpu()"),
        ({"build": lambda: "a path"}, "gave str; it must give a torch.nn.Module"),
        ({"build": broken}, "forward of Bare failed"),
        ({"features": {"steps": "embedder"}}, "no module “embedder”"),
        ({"features": {"steps": "q"}, "read": lambda _: two()},
         "features of 3 tokens, but “steps” has 2"),
        ({"read": lambda _: two()}, "no space has as many"),
        ({"attention": {"*": ("steps", "words")}}, "there is no such space"),
        ({"call": lambda model, *rest: {"other": model(rest[2]["x"])}}, "gave no sum; it gave other"),
        ({"call": lambda model, *rest: model(rest[2]["x"])}, "must give a mapping"),
        ({"call": lambda model, *rest: {"sum": model(rest[2]["x"]).sum()}}, "must be (batch,)"),
        ({"call": lambda model, *rest: {"sum": rest[2]["x"].sum((1, 2))}}, "No attention was heard in Bare"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(changes: dict[str, object], says: str) -> None:
    assert says in refused(bare(**changes))


def test_a_model_that_changes_its_inputs_is_given_copies() -> None:
    table = by_name(xviz.check(bare(features={})))
    assert table["attention heard"][0].good
    assert "Nobody said whether a residual connection" in " ".join(f.text for f in table["not offered"])


def test_half_precision_is_said(recwarn: pytest.WarningsRecorder) -> None:
    spec = bare(
        build=half,
        read=lambda s: xviz.Inputs.of(xviz.Named("steps", tuple("abc")), x=torch.randn(3, 4, dtype=torch.bfloat16)),
    )
    run = engine.run(engine.built(spec), next(iter(spec.samples().values())))
    assert any("bfloat16" in note for note in run.inputs.notes)
    assert run.calls[0].rows().dtype == torch.float32


def test_errors_of_their_code_keep_their_part_of_the_traceback() -> None:
    with pytest.raises(ForeignError, match=r"KeyError: 'tokenizer'") as raised:
        engine.run(engine.built(bare(build=broken)), next(iter(bare().samples().values())))
    assert "in forward" in raised.value.trace
    assert "xviz/engine" not in raised.value.trace


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.at_all:SPEC", "There is no module “nowhere.at_all”"),
        ("lost.py:SPEC", "There is no file lost.py"),
        (f"{CAPTIONER}:OTHER", "It has SPEC"),
        (f"{CAPTIONER}:Captioner", "is type, no Spec"),
    ],
)
def test_a_spec_that_is_not_there_is_told(name: str, says: str) -> None:
    with pytest.raises(ModelError, match=says.replace("(", r"\(")):
        spec(name)


def test_the_command_prints_the_table_and_its_status_tells() -> None:
    command = [sys.executable, "-m", "xviz", "check"]
    good = subprocess.run(
        [*command, "examples/captioner.py:SPEC"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert good.returncode == 0, good.stderr
    assert "ok    rows sum to one" in good.stdout
    bad = subprocess.run([*command, "examples/none.py"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert bad.returncode != 0
    assert "There is no file" in bad.stderr
