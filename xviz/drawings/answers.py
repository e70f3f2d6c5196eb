"""What drawings show for every pick, made before it: so that a browser answers in the frame of the click.

A table has the messages of a few drawings for each of their picks. What is the same for all picks is in it once; a
message is put together again bit by bit as Python would send it (``message`` here, ``answers.js`` in the browser).
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xviz.drawings.payload import pack, unpack

NONE = "none"  #: the pick that takes the selection away
Message = tuple[dict[str, object], dict[str, NDArray]]


def name_of(*what: Hashable) -> str:
    """The name of a table: what its drawings are of, as a digest."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def addressed(
    payload: bytes, name: str, table: str, group: str, space: str | Sequence[str], *, single: bool = False
) -> bytes:
    """A message that says where it is answered before the server does.

    Args:
        payload: As ``pack`` made it.
        name: Of the drawing; drawings of a table differ in it.
        table: Its name, as ``name_of`` gives it; the browser may have it or not.
        group: Drawings of a group follow each other's picks.
        space: What a pick in this drawing is: pick 3 of the space “word” is asked for as ``word-3``, counted from 0;
            or one name for every token, for rows of a matrix.
        single: Whether there is no whole table, and the browser fetches answers one by one.
    """
    (length,) = struct.unpack_from("<I", payload)
    picks = space if isinstance(space, str) else list(space)
    told = {"name": name, "table": table, "group": group, "as": picks} | ({"single": True} if single else {})
    more = json.dumps({"answers": told}, ensure_ascii=False)
    text = payload[4 : 4 + length].rstrip()[:-1] + b", " + more[1:].encode()
    head = struct.pack("<I", len(text)) + text
    return head + bytes(-len(head) % 4) + payload[4 + length + -length % 4 :]


def table(name: str, answers: Mapping[str, Mapping[str, bytes]]) -> bytes:
    """The messages of drawings for all picks as one message.

    Args:
        name: Of the table.
        answers: Pick, such as ``word-3`` or ``NONE`` → name of a drawing → its message, addressed. A drawing that
            is missing for a pick waits for the server.
    """
    picks, arrays = list(answers), dict[str, NDArray]()
    parts: list[dict[str, Any]] = []
    for number, drawing in enumerate(dict.fromkeys(name for messages_of in answers.values() for name in messages_of)):
        messages = {
            pick: unpack(messages_of[drawing]) for pick, messages_of in answers.items() if drawing in messages_of
        }
        groups: dict[str, list[str]] = {}  # messages of the same layout stand in one block
        for pick, (_, arrays_of) in messages.items():
            layout = repr([(key, array.dtype.str, array.size) for key, array in arrays_of.items()])
            groups.setdefault(layout, []).append(pick)
        for block, members in enumerate(groups.values()):
            own = [messages[pick] for pick in members]
            prefix = f"{number}.{block}."
            shared, apart = _parted([header for header, _ in own])
            first, others = own[0][1], [arrays_ for _, arrays_ in own[1:]]
            same = [key for key, array in first.items() if all(np.array_equal(array, o[key]) for o in others)]
            for key, array in first.items():
                every = [array, *(other[key] for other in others)]
                arrays[prefix + key] = array if key in same else np.stack(every)
            parts.append(
                {
                    "drawing": drawing, "prefix": prefix, "picks": [picks.index(pick) for pick in members],
                    "shared": shared, "apart": apart, "same": same, "order": list(first),
                }
            )  # fmt: skip
    return pack({"id": name, "picks": picks, "parts": parts}, **arrays)


def message(packed: bytes, drawing: str, pick: str) -> Message | None:
    """What a drawing is sent for a pick: header and arrays; None where the table does not have it."""
    unpacked, arrays = unpack(packed)
    header: dict[str, Any] = unpacked
    if pick not in header["picks"]:
        return None
    wanted = header["picks"].index(pick)
    for part in header["parts"]:
        if part["drawing"] == drawing and wanted in part["picks"]:
            row, count = part["picks"].index(wanted), len(part["picks"])
            own = {}
            for key in part["order"]:
                array = arrays[part["prefix"] + key]
                own[key] = array if key in part["same"] else array.reshape(count, -1)[row]
            return {**part["shared"], **part["apart"][row]}, own
    return None


def _parted(headers: list[dict[str, object]]) -> tuple[dict[str, object], list[dict[str, object]]]:
    """What all headers say alike, and what each says alone."""
    shared = {key: v for key, v in headers[0].items() if all(key in h and h[key] == v for h in headers[1:])}
    return shared, [{key: value for key, value in header.items() if key not in shared} for header in headers]
