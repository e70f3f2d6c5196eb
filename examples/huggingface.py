"""Models of Hugging Face, unmodified: BERT with cross-attention, CLIP, Whisper, T5, LXMERT, Perceiver, LLaVA.

    xviz check examples/huggingface.py:WHISPER

Here they are small, built from configurations with random weights, so that this runs anywhere: the attention is exact,
what it shows is not learnt. Real weights are one line for those with a network; sizes and words follow the model:

    MINE = t5("google-t5/t5-small")

and in its place, for the others: bert("bert-base-uncased") (which has no trained cross-attention),
clip("openai/clip-vit-base-patch32"), whisper("openai/whisper-tiny"), lxmert("unc-nlp/lxmert-vqa-uncased"),
perceiver("deepmind/language-perceiver"), llava("llava-hf/llava-1.5-7b-hf").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import transformers as hf
from reading import REGIONS, VOCABULARY, last, latents, made, picture_and, pixels, read_words, regions, spec, there
from reading import text_of as words_of
from torch import Tensor, nn

from xviz import Inputs, Joined, Named, PatchGrid, Sample, Sound, Spec, Steps, Text

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
HOUSE = "translate English to German : the house is small"


def bert(weights: str = "") -> Spec:
    """A caption that reads regions of a picture by cross-attention."""

    def config() -> Any:
        return hf.BertConfig(vocab_size=VOCABULARY, is_decoder=True, add_cross_attention=True, **SMALL)

    def build() -> nn.Module:
        if not weights:
            return made(hf.BertLMHeadModel, config, "")()
        return hf.BertLMHeadModel.from_pretrained(weights, is_decoder=True, add_cross_attention=True).eval()

    def read(sample: Sample) -> Inputs:
        (words, numbers), (boxes, features) = read_words("words", words_of(sample), weights), regions(sample)
        return Inputs.of(boxes, words, tokens={"regions": features}, numbers=numbers)

    def call(model: Any, tokens: Any, present: Any, given: Any) -> Mapping[str, Tensor]:
        out = model(
            input_ids=given["numbers"], attention_mask=there(present, "words", given["numbers"].shape[1]),
            encoder_hidden_states=tokens["regions"],
            encoder_attention_mask=there(present, "regions", tokens["regions"].shape[1]),
        )  # fmt: skip
        return {"last word": last(out.logits, given["numbers"])}

    return spec(
        "BERT with cross-attention", weights, build=build, read=read, call=call, masks=True,
        outputs={"last word": "log-probability of the caption's last word"},
        features={"words": "bert.embeddings.word_embeddings"},
        attention={"*.crossattention.self": ("words", "regions"), "*": ("words", "words")},
        samples=lambda: picture_and("a red square on a green ground", regions=REGIONS),
    )  # fmt: skip


def clip(weights: str = "") -> Spec:
    """A picture and a text in two towers: it has no cross-attention, and that is said."""

    def config() -> Any:
        text = {"vocab_size": VOCABULARY, **SMALL, "max_position_embeddings": 20, "eos_token_id": 2}
        return hf.CLIPConfig(
            text_config=text, vision_config={"image_size": 32, "patch_size": 8, **SMALL}, projection_dim=16
        )

    vision = hf.CLIPConfig.from_pretrained(weights).vision_config if weights else config().vision_config
    rows = vision.image_size // vision.patch_size

    def read(sample: Sample) -> Inputs:
        words, numbers = read_words("words", words_of(sample), weights)
        patches = PatchGrid("patches", ("picture",), (rows, rows))
        tower = Joined("vision", (Named("class", ("class token",)), patches))
        return Inputs.of(tower, words, numbers=numbers, picture=pixels(sample, vision.image_size))

    def call(model: Any, tokens: Any, present: Any, given: Any) -> Mapping[str, Tensor]:
        mask = there(present, "words", given["numbers"].shape[1])
        out = model(input_ids=given["numbers"], attention_mask=mask, pixel_values=given["picture"])
        return {"match": out.logits_per_image.diagonal()}

    return spec(
        "CLIP", weights, build=made(hf.CLIPModel, config, weights), read=read, call=call,
        outputs={"match": "logit of picture and text belonging together"},
        features={
            "patches": "vision_model.embeddings.patch_embedding", "words": "text_model.embeddings.token_embedding"
        },
        attention={"vision_model.*": ("vision", "vision"), "text_model.*": ("words", "words")},
        samples=lambda: picture_and("a red square on a green ground"),
    )  # fmt: skip


def whisper(weights: str = "") -> Spec:
    """Words that were spoken read a sound by cross-attention."""

    def config() -> Any:
        return hf.WhisperConfig(
            vocab_size=VOCABULARY, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
            num_mel_bins=16, decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, pad_token_id=0,
            max_source_positions=50, max_target_positions=30, bos_token_id=1, eos_token_id=2, decoder_start_token_id=3,
            begin_suppress_tokens=None,
        )  # fmt: skip

    hears = (
        hf.WhisperFeatureExtractor.from_pretrained(weights)
        if weights
        else hf.WhisperFeatureExtractor(feature_size=16, chunk_length=1)
    )

    def read(sample: Sample) -> Inputs:
        words, numbers = read_words("words", words_of(sample), weights)
        sound = sample.part("sound", Sound)
        heard = hears(sound.signal, sampling_rate=round(sound.rate), return_tensors="pt").input_features[0]
        frames = heard.T.unflatten(0, (-1, 2)).flatten(1)  # the encoder makes one token of two frames
        space = Steps("sound", len(frames), len(frames) / hears.chunk_length)
        return Inputs.of(space, words, tokens={"sound": frames}, numbers=numbers)

    def call(model: Any, tokens: Any, present: Any, given: Any) -> Mapping[str, Tensor]:
        frames = tokens["sound"].unflatten(2, (2, -1)).flatten(1, 2).mT
        out = model(input_features=frames, decoder_input_ids=given["numbers"])
        return {"last word": last(out.logits, given["numbers"])}

    rate = 16_000
    time = np.arange(rate) / rate
    tone = np.sin(2 * np.pi * (300 + 400 * time) * time) * (time > 0.3)
    spoken = {"sound": Sound(tone.astype(np.float32), rate), "text": Text(("it", "rises", "slowly", "now"))}
    return spec(
        "Whisper", weights, build=made(hf.WhisperForConditionalGeneration, config, weights), read=read, call=call,
        outputs={"last word": "log-probability of the last word"}, features={"words": "model.decoder.embed_tokens"},
        attention={
            "model.encoder.*": ("sound", "sound"), "*.encoder_attn": ("words", "sound"), "*": ("words", "words")
        },
        samples=lambda: {"A tone that rises": Sample("tone", spoken)},
    )  # fmt: skip


def t5(weights: str = "") -> Spec:
    """An answer reads a text by cross-attention, with biases of relative position."""

    def config() -> Any:
        return hf.T5Config(
            vocab_size=VOCABULARY, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0
        )

    def read(sample: Sample) -> Inputs:
        text, numbers = read_words("text", words_of(sample), weights)
        answer, said = read_words("answer", words_of(sample, "answer"), weights)
        return Inputs.of(text, answer, numbers=numbers, said=said)

    def call(model: Any, tokens: Any, present: Any, given: Any) -> Mapping[str, Tensor]:
        mask = there(present, "text", given["numbers"].shape[1])
        begun = there(present, "answer", given["said"].shape[1])
        out = model(
            input_ids=given["numbers"], attention_mask=mask, decoder_input_ids=given["said"],
            decoder_attention_mask=begun,
        )  # fmt: skip
        return {"last word": last(out.logits, given["said"])}

    house = {"text": Text(tuple(HOUSE.split())), "answer": Text(("das", "Haus", "ist"))}
    return spec(
        "T5", weights, build=made(hf.T5ForConditionalGeneration, config, weights), read=read, call=call, masks=True,
        outputs={"last word": "log-probability of the answer's last word"},
        features={"text": "encoder.embed_tokens", "answer": "decoder.embed_tokens"},
        attention={"encoder.*": ("text", "text"), "*.EncDecAttention": ("answer", "text"), "*": ("answer", "answer")},
        samples=lambda: {"A small house": Sample("house", house)},
    )  # fmt: skip


def lxmert(weights: str = "") -> Spec:
    """A question and the regions of a picture ask each other."""

    def config() -> Any:
        return hf.LxmertConfig(
            vocab_size=VOCABULARY, hidden_size=32, num_attention_heads=4, intermediate_size=48, l_layers=2, x_layers=2,
            r_layers=1, visual_feat_dim=32, num_qa_labels=3,
        )  # fmt: skip

    def read(sample: Sample) -> Inputs:
        (words, numbers), (boxes, features) = read_words("words", words_of(sample), weights), regions(sample)
        tall, wide = boxes.size
        places = torch.tensor(boxes.boxes / np.array([wide, tall, wide, tall], np.float32))
        return Inputs.of(boxes, words, tokens={"regions": features}, numbers=numbers, places=places)

    def call(model: Any, tokens: Any, present: Any, given: Any) -> Mapping[str, Tensor]:
        out = model(
            input_ids=given["numbers"], attention_mask=there(present, "words", given["numbers"].shape[1]),
            visual_feats=tokens["regions"], visual_pos=given["places"],
            visual_attention_mask=there(present, "regions", tokens["regions"].shape[1]),
        )  # fmt: skip
        return {f"answer {number + 1}": out.question_answering_score[:, number] for number in range(3)}

    given = hf.LxmertConfig.from_pretrained(weights) if weights else config()
    own = [f"lxmert.encoder.layer.{i}.attention.self" for i in range(given.l_layers)]
    own += [f"lxmert.encoder.r_layers.{i}.attention.self" for i in range(given.r_layers)]
    for layer in (f"lxmert.encoder.x_layers.{i}" for i in range(given.x_layers)):
        both = f"{layer}.visual_attention.att"  # one module asks both ways, from what both streams were before
        own += [f"{both} + {both}#2", f"{layer}.lang_self_att.self + {layer}.visn_self_att.self"]
    outputs = {f"answer {number + 1}": f"score of answer number {number + 1}" for number in range(3)}
    return spec(
        "LXMERT", weights, build=made(hf.LxmertForQuestionAnswering, config, weights, "eager"), read=read, call=call,
        outputs=outputs, masks=True, features={"words": "lxmert.embeddings.word_embeddings"},
        paths=dict.fromkeys(outputs, tuple(own)),
        attention={
            "*visual_attention.att": ("words", "regions"), "*visual_attention.att#2": ("regions", "words"),
            "*.r_layers.*": ("regions", "regions"), "*.visn_self_att.*": ("regions", "regions"),
            "*": ("words", "words"),
        },
        samples=lambda: picture_and("which thing is red ?", regions=REGIONS),
    )  # fmt: skip


def perceiver(weights: str = "") -> Spec:
    """A few latents read all letters of a text by cross-attention, and letters are read from them."""

    def config() -> Any:
        return hf.PerceiverConfig(
            num_latents=6, d_latents=32, d_model=24, num_blocks=1, num_self_attends_per_block=2, vocab_size=262,
            num_self_attention_heads=4, num_cross_attention_heads=2, max_position_embeddings=40, qk_channels=16,
            v_channels=32,
        )  # fmt: skip

    given = hf.PerceiverConfig.from_pretrained(weights) if weights else config()

    def read(sample: Sample) -> Inputs:
        letters = " ".join(words_of(sample)).encode()[: given.max_position_embeddings]
        names = tuple(bytes([letter]).decode("latin-1") for letter in letters)
        fill = given.max_position_embeddings - len(letters)
        spaces = Named("letters", names + ("(empty)",) * fill), latents(given.num_latents)
        numbers = torch.tensor([letter + 6 for letter in letters] + [0] * fill)  # as its tokenizer counts bytes
        return Inputs.of(*spaces, numbers=numbers, read=(numbers > 0).long(), end=torch.tensor(len(letters) - 1))

    def call(model: Any, tokens: Any, present: Any, given: Any) -> Mapping[str, Tensor]:
        logits = model(inputs=given["numbers"], attention_mask=given["read"]).logits.log_softmax(-1)
        every = torch.arange(len(logits))
        return {"last letter": logits[every, given["end"], given["numbers"][every, given["end"]]]}

    return spec(
        "Perceiver", weights, build=made(hf.PerceiverForMaskedLM, config, weights, "eager"), read=read, call=call,
        outputs={"last letter": "log-probability of the text's last letter where it stands"},
        features={"letters": "perceiver.input_preprocessor.embeddings"},
        attention={
            "*encoder.cross_attention*": ("latents", "letters"), "*decoder*": ("letters", "latents"),
            "*": ("latents", "latents"),
        },
        samples=lambda: {"A sentence": Sample("sentence", {"text": Text(("the", "house", "is", "small"))})},
    )  # fmt: skip


def llava(weights: str = "") -> Spec:
    """Patches of a picture stand before the words of one sequence: fusion by self-attention."""

    def config() -> Any:
        return hf.LlavaConfig(
            vision_config=hf.CLIPVisionConfig(image_size=32, patch_size=8, **SMALL),
            text_config=hf.LlamaConfig(vocab_size=VOCABULARY, num_key_value_heads=2, **SMALL),
            image_token_index=VOCABULARY - 1, image_seq_length=16, vision_feature_layer=-1,
        )  # fmt: skip

    given = hf.LlavaConfig.from_pretrained(weights) if weights else config()
    rows = given.vision_config.image_size // given.vision_config.patch_size

    def read(sample: Sample) -> Inputs:
        words, numbers = read_words("words", words_of(sample), weights, add_special_tokens=False)
        ids = torch.cat([torch.tensor([1]), torch.full((rows**2,), given.image_token_index), numbers])
        patches, start = PatchGrid("patches", ("picture",), (rows, rows)), Named("start", ("start",))
        vision = Joined("vision", (Named("class", ("class token",)), patches))
        sequence = Joined("sequence", (start, patches, words))
        picture = pixels(sample, given.vision_config.image_size)
        return Inputs.of(vision, sequence, numbers=ids, picture=picture)

    def call(model: Any, tokens: Any, present: Any, given: Any) -> Mapping[str, Tensor]:
        out = model(input_ids=given["numbers"], pixel_values=given["picture"])
        return {"last word": last(out.logits, given["numbers"])}

    return spec(
        "LLaVA", weights, build=made(hf.LlavaForConditionalGeneration, config, weights), read=read, call=call,
        outputs={"last word": "log-probability of the last word"},
        features={"patches": "model.multi_modal_projector"},
        attention={"model.vision_tower.*": ("vision", "vision"), "*": ("sequence", "sequence")},
        samples=lambda: picture_and("the square is red"),
    )  # fmt: skip


BERT, CLIP, WHISPER, T5, LXMERT, PERCEIVER, LLAVA = (
    make() for make in (bert, clip, whisper, t5, lxmert, perceiver, llava)
)
SPEC = LXMERT
