"""What the channels of a recording are, judged over all of them: a reference is common, a bipolar chain is not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from xviz.data.eeg.caps import by_cap
from xviz.data.eeg.names import EARS, OLD, REFERENCES, Naming, parts, places


def naming(channels: Sequence[str], places_known: bool = False) -> Naming:
    """What the channels of a recording are.

    Args:
        channels: Their names.
        places_known: Whether the recording brings a place for each, which tells more than the names of a cap.
    """
    capped = None if places_known else by_cap(channels)
    if capped is not None:
        return capped
    read = [parts(name) for name in channels]
    after = Counter(second for first, second in read if first and second and not second.isdecimal())
    scalp = {word: count for word, count in after.items() if (OLD.get(word, word) in places()) and word not in EARS}
    common = max(scalp, key=lambda word: scalp[word], default="")
    shared = common if scalp and (len(scalp) == 1 or scalp[common] > sum(scalp.values()) / 2) else ""
    if shared and scalp[shared] == 1 and sum(bool(first) for first, _ in read) > 1:
        shared = ""  # one pair among single electrodes is a difference, no reference
    electrodes, bipolar = [], []
    for name, (first, second) in zip(channels, read, strict=True):
        pair = bool(first) and second in scalp and second != shared
        electrodes.append("" if pair else first)
        bipolar += [name] * pair
    return Naming(tuple(electrodes), _reference(after, shared), tuple(bipolar))


def _reference(after: Mapping[str, int], shared: str) -> str:
    """The reference in words, out of what follows the electrodes' names."""
    if shared:
        return _spelled(shared)
    words = {word: count for word, count in after.items() if word not in places() or word in EARS}
    if not words:
        return ""
    first = max(words, key=lambda word: words[word])
    if {first} <= EARS and len(EARS.intersection(words)) > 1:
        return "the ear or mastoid of each side (" + ", ".join(sorted(EARS.intersection(words))) + ")"
    known = REFERENCES.get(re.sub(r"\d$", "", first) if first.startswith("REF") else first)
    named_so = f"{known} (“{first.capitalize()}”)" if known in ("a common reference",) else known
    return named_so or _spelled(first)


def _spelled(name: str) -> str:
    """An electrode's name in capitals as people write it: ``"CPZ"`` → ``"CPz"``."""
    return re.sub(r"Z$", "z", name).replace("FP", "Fp")
