"""Models of Hugging Face, built from small configurations with random weights: heard against their eager attentions."""

from __future__ import annotations

import pytest
import torch
import transformers as hf

from xviz.core.listen import calls, hearing

pytestmark = pytest.mark.filterwarnings("ignore")
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}


def ones(*shape, gone=None):
    """A padding mask whose second sample lacks its last tokens."""
    mask = torch.ones(shape, dtype=torch.long)
    if gone:
        mask[1, gone:] = 0
    return mask


def words(*shape):
    return torch.randint(3, 50, shape)


def zipped(*streams):
    """Layer by layer, what several streams of attentions have."""
    return [weights for layer in zip(*streams, strict=True) for weights in layer]


def bert(how):
    config = hf.BertConfig(vocab_size=50, is_decoder=True, add_cross_attention=True, attn_implementation=how, **SMALL)
    inputs = {"input_ids": words(2, 9), "attention_mask": ones(2, 9, gone=6)}
    inputs |= {"encoder_hidden_states": torch.randn(2, 6, 32), "encoder_attention_mask": ones(2, 6, gone=4)}
    names = [f"bert.encoder.layer.{i}.{part}.self" for i in range(2) for part in ("attention", "crossattention")]
    return hf.BertLMHeadModel(config), inputs, lambda out: zipped(out.attentions, out.cross_attentions), names


def clip(how):
    text = {"vocab_size": 60, **SMALL, "max_position_embeddings": 20, "eos_token_id": 2}
    vision = {"image_size": 32, "patch_size": 8, **SMALL}
    config = hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16, attn_implementation=how)
    inputs = {"input_ids": words(2, 9), "attention_mask": ones(2, 9, gone=6), "pixel_values": torch.randn(2, 3, 32, 32)}
    names = [f"{part}_model.encoder.layers.{i}.self_attn" for part in ("vision", "text") for i in range(2)]
    return hf.CLIPModel(config), inputs, lambda out: [
        *out.vision_model_output.attentions, *out.text_model_output.attentions,
    ], names  # fmt: skip


def whisper(how):
    config = hf.WhisperConfig(
        vocab_size=60, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, num_mel_bins=8,
        decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, max_source_positions=20, pad_token_id=0,
        max_target_positions=30, bos_token_id=1, eos_token_id=2, decoder_start_token_id=3, begin_suppress_tokens=None,
        attn_implementation=how,
    )  # fmt: skip
    inputs = {"input_features": torch.randn(2, 8, 40), "decoder_input_ids": words(2, 7)}
    names = [f"model.encoder.layers.{i}.self_attn" for i in range(2)]
    names += [f"model.decoder.layers.{i}.{part}" for i in range(2) for part in ("self_attn", "encoder_attn")]
    return hf.WhisperForConditionalGeneration(config), inputs, encoder_decoder, names


def encoder_decoder(out):
    return [*out.encoder_attentions, *zipped(out.decoder_attentions, out.cross_attentions)]


def t5(how):
    config = hf.T5Config(
        vocab_size=60, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0,
        attn_implementation=how,
    )  # fmt: skip
    inputs = {"input_ids": words(2, 9), "attention_mask": ones(2, 9, gone=6), "decoder_input_ids": words(2, 5)}
    names = [f"encoder.block.{i}.layer.0.SelfAttention" for i in range(2)]
    names += [f"decoder.block.{i}.layer.{j}.{p}Attention" for i in range(2) for j, p in ((0, "Self"), (1, "EncDec"))]
    return hf.T5ForConditionalGeneration(config), inputs, encoder_decoder, names


def lxmert(how):
    config = hf.LxmertConfig(
        vocab_size=60, hidden_size=32, num_attention_heads=4, intermediate_size=48, l_layers=2, x_layers=1, r_layers=1,
        visual_feat_dim=12, attn_implementation=how,
    )  # fmt: skip
    inputs = {"input_ids": words(2, 9), "attention_mask": ones(2, 9, gone=6)}
    inputs |= {"visual_feats": torch.randn(2, 5, 12), "visual_pos": torch.rand(2, 5, 4)}
    crossed = [f"encoder.x_layers.0.{part}" for part in ("visual_attention.att", "visual_attention.att#2")]
    names = [f"encoder.layer.{i}.attention.self" for i in range(2)]
    names += ["encoder.r_layers.0.attention.self", *crossed]
    names += [f"encoder.x_layers.0.{part}.self" for part in ("lang_self_att", "visn_self_att")]

    def attentions(out):
        """LXMERT tells one direction of its cross-attention and not what follows it."""
        return [*out.language_attentions[:2], out.vision_attentions[0], out.cross_encoder_attentions[0]]

    return hf.LxmertModel(config), inputs, attentions, names


def perceiver(how):
    config = hf.PerceiverConfig(
        num_latents=6, d_latents=32, d_model=24, num_blocks=2, num_self_attends_per_block=2,
        num_self_attention_heads=4, num_cross_attention_heads=2, attn_implementation=how,
    )  # fmt: skip
    inputs = {"inputs": torch.randn(2, 11, 24), "attention_mask": ones(2, 11, gone=8)}
    own = [f"encoder.self_attends.{i}.attention.self" for i in range(2)]
    names = ["encoder.cross_attention.attention.self", *own, *(f"{name}#2" for name in own)]
    return hf.PerceiverModel(config), inputs, lambda out: [*out.cross_attentions, *out.attentions], names


def llava(how):
    vision = hf.CLIPVisionConfig(image_size=32, patch_size=8, **SMALL)
    text = hf.LlamaConfig(vocab_size=60, num_key_value_heads=2, **SMALL)
    config = hf.LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=59, image_seq_length=16, vision_feature_layer=-1,
        attn_implementation=how,
    )  # fmt: skip
    ids = torch.cat([torch.tensor([[1]]), torch.full((1, 16), 59), words(1, 6)], 1)
    inputs = {"input_ids": ids, "pixel_values": torch.randn(1, 3, 32, 32), "attention_mask": torch.ones_like(ids)}
    names = [f"model.vision_tower.encoder.layers.{i}.self_attn" for i in range(2)]
    names += [f"model.language_model.layers.{i}.self_attn" for i in range(2)]
    return hf.LlavaForConditionalGeneration(config), inputs, lambda out: [None, None, *out.attentions], names


def built(make, how, seed=0):
    torch.manual_seed(seed)
    model, inputs, expected, names = make(how)
    return model.eval(), inputs, expected, names


MODELS = {make.__name__: make for make in (bert, clip, whisper, t5, lxmert, perceiver, llava)}
EAGER_ALONE = ("lxmert", "perceiver")


@pytest.mark.parametrize(
    ("name", "how"),
    [(name, how) for name in MODELS for how in ("eager", "sdpa") if how == "eager" or name not in EAGER_ALONE],
)
@torch.no_grad()
def test_weights_are_those_that_the_model_tells(name, how):
    eager, inputs, expected, names = built(MODELS[name], "eager")
    model, _, _, _ = built(MODELS[name], how)
    model.load_state_dict(eager.state_dict())
    want = expected(eager(**inputs, output_attentions=True))
    silent = model(**inputs)
    with hearing(model) as tape:
        out = model(**inputs)
    for key, value in silent.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, out[key])
    assert tape.missed == tape.notes == []
    for sample in range(len(next(iter(inputs.values())))):
        heard = calls(model, tape, sample=sample)
        assert [call.name for call in heard] == names
        assert all(call.q.shape[-1] > 0 and call.note == "" for call in heard)
        for call, weights in zip(heard, want, strict=False):
            if weights is not None:
                torch.testing.assert_close(call.rows(), weights[sample], rtol=0, atol=1e-6)
            torch.testing.assert_close(call.rows().sum(-1), torch.ones(call.rows().shape[:-1]), rtol=0, atol=1e-6)


def generated(make, how, count, **options):
    """A generation that was heard, and the eager model's attentions in one pass over what was generated."""
    model, inputs, expected, _ = built(make, how)
    inputs.pop("decoder_input_ids", None)
    options = {"max_new_tokens": count, "min_new_tokens": count, "do_sample": False, **options}
    with hearing(model) as tape:
        ids = model.generate(**inputs, **options)
    eager, again, expected, _ = built(make, "eager")
    eager.load_state_dict(model.state_dict())
    name = "decoder_input_ids" if "decoder_input_ids" in again else "input_ids"
    if ids.shape[1] == count:  # Whisper leaves the first token out of what it returns
        ids = torch.cat([torch.full_like(ids[:, :1], model.config.decoder_start_token_id), ids], 1)
    again[name] = ids[:, :-1]
    if name == "input_ids":
        again["attention_mask"] = torch.ones_like(again[name])
    return calls(model, tape), tape, expected(eager(**again, output_attentions=True))


@pytest.mark.parametrize("how", ["eager", "sdpa"])
@torch.no_grad()
def test_a_generation_is_one_call_whose_queries_are_the_generated_tokens(how):
    for make, first in ((t5, 0), (whisper, 0)):
        heard, _, want = generated(make, how, 6)
        assert len(heard) == len(want)
        for call, weights in zip(heard[2:], want[2:], strict=True):
            assert "6 steps of generation" in call.note
            torch.testing.assert_close(call.rows(), weights[first], rtol=0, atol=1e-6)
            if "self" in call.name.lower():
                assert call.rows().triu(1).sum() == 0


@pytest.mark.parametrize("how", ["eager", "sdpa"])
@torch.no_grad()
def test_a_prompt_keeps_its_call_and_memory_stays_linear(how):
    heard, tape, want = generated(llava, how, 12)
    names = [call.name for call in heard[2:]]
    layers = [f"model.language_model.layers.{i}.self_attn" for i in range(2)]
    assert names == [name + end for name in layers for end in ("", "#2")]
    for prompt, steps, weights in zip(heard[2::2], heard[3::2], want[2:], strict=True):
        torch.testing.assert_close(prompt.rows(), weights[0, :, :23, :23], rtol=0, atol=1e-6)
        assert steps.q.shape[1] == 12
        torch.testing.assert_close(steps.rows(), weights[0, :, 22:], rtol=0, atol=1e-6)
    keys = {h.k.untyped_storage().data_ptr(): h.k.untyped_storage().nbytes() for h in tape if "language" in h.name}
    assert len(keys) == 2  # the steps of a layer share the keys of its last one


@pytest.mark.parametrize("how", ["eager", "sdpa"])
@torch.no_grad()
def test_a_cache_of_fixed_length_is_joined_and_keys_that_were_never_filled_are_left_out(how):
    options = {"cache_implementation": "static", "disable_compile": True}
    found, tape, want = generated(llava, how, 12, **options)
    layers = [f"model.language_model.layers.{i}.self_attn" for i in range(2)]
    assert [call.name for call in found[2:]] == [name + end for name in layers for end in ("", "#2")]
    for prompt, steps, weights in zip(found[2::2], found[3::2], want[2:], strict=True):
        torch.testing.assert_close(prompt.rows(), weights[0, :, :23, :23], rtol=0, atol=1e-6)
        assert steps.q.shape[1] == 12
        torch.testing.assert_close(steps.rows(), weights[0, :, 22:], rtol=0, atol=1e-6)
    keys = {h.k.untyped_storage().data_ptr(): h.k.untyped_storage().nbytes() for h in tape if "language" in h.name}
    assert len(keys) == 2
