"""A batch: the table, kills at every moment, samples that fail, data that cannot be used, and Ray."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from tests.explain.tiny import CARDS, run_of
from xviz import cli, opening
from xviz.batch import listing, store, work, workers
from xviz.batch.listing import Item
from xviz.batch.measure import Wanted, attention, measure
from xviz.core.errors import SampleError, XvizError
from xviz.core.run import Target
from xviz.core.tokens import Joined, leaves
from xviz.engine import Loaded
from xviz.explain.ask import Question
from xviz.explain.faithfulness import areas, curves
from xviz.plates.plate import asker
from xviz.session import run

OWN = "examples/captioner.py:SPEC"
METHODS = ("look", "occlusion", "gradient")


@pytest.fixture(scope="module")
def model() -> Loaded:
    return opening.model(OWN)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(7):
        pixels = np.random.default_rng(number).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number % 2}_{number}.png")
    return folder


def start(model: Loaded, data: Path, out: Path, **more: object) -> work.Outcome:
    items, _ = listing.listing(data)
    wanted = Wanted(OWN, METHODS, (), steps=3, seeds=2)
    return work.run(model, wanted, items, out, data=data, **more)  # type: ignore[arg-type]


def table(out: Path) -> pd.DataFrame:
    return pd.read_parquet(out / "table.parquet").drop(columns="seconds")


def test_the_table_says_what_a_loop_by_hand_says(model: Loaded, pictures: Path, tmp_path: Path) -> None:
    start(model, pictures, tmp_path / "out")
    frame = table(tmp_path / "out")
    assert list(frame["index"]) == list(range(7))
    items, _ = listing.listing(pictures)
    session = run(model, opening.sample(model, items[4].origin))
    row, target = frame.iloc[4], Target("next word")
    assert row["output.next word"] == session.outputs["next word"]
    assert row["sample_digest"] == session.sample.digest
    call = session.run.calls[1]  # words to patches
    assert (call.queries, call.keys) == ("words", "patches")
    weights = call.rows().double()
    plain = -(weights * weights.log()).sum(-1).mean(1) / np.log(weights.shape[-1])
    for head in range(call.heads):
        assert row[f"head.{call.name}.{head + 1}.entropy"] == pytest.approx(float(plain[head]))
        assert row[f"head.{call.name}.{head + 1}.across"] == pytest.approx(1)
    assert row[f"mass.{call.name}.words>patches"] == pytest.approx(1)
    kept = store.scores(tmp_path / "out", 4)
    ask = asker(session)
    occlusion = ask(Question("occlusion", target))
    np.testing.assert_array_equal(kept["occlusion next word patches"], occlusion.scores["patches"])
    found, chance = areas(model, session.run, target, [occlusion], ["patches", "words"], steps=3, seeds=range(2))
    whole = curves(model, session.run, target, occlusion, "patches+words", steps=3, seeds=2)
    assert found[0] == pytest.approx(float(whole.area(whole.ranked)))
    np.testing.assert_allclose(chance, whole.area(whole.random))
    assert row["deletion.random"] == pytest.approx(float(chance.mean()))


def test_heads_of_joint_attention_have_their_mass_across() -> None:
    _, run = run_of(next(key for key in CARDS if key.startswith("mmca")))
    row = attention(run)
    call = next(call for call in run.calls if isinstance(run.spaces[call.queries], Joined))
    own, first = call.rows().double(), len(leaves(run.spaces[call.queries])[0])
    across = torch.cat([own[:, :first, first:].sum(-1), own[:, first:, :first].sum(-1)], 1).mean(1)
    for head in range(call.heads):
        assert row[f"head.{call.name}.{head + 1}.across"] == pytest.approx(float(across[head]))


CRASHES = ("before scores", "before row", "half a row", "after row", "before packed", "packed")


@pytest.mark.parametrize("moment", CRASHES)
def test_a_kill_at_any_moment_loses_at_most_the_sample_under_way(
    moment: str, model: Loaded, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SHARD", 3)
    start(model, pictures, tmp_path / "whole")
    out, pid = tmp_path / "killed", os.fork()
    if pid == 0:  # pragma: no cover: the process that is killed
        _die_at(moment)
        start(model, pictures, out)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    before = {row["index"] for row in store.rows(out)}
    assert len(before) >= {"before scores": 4, "before row": 4, "half a row": 4}.get(moment, 3)
    outcome = start(model, pictures, out)
    assert outcome.measured == 7 - len(before), "what is kept is not measured again"
    pd.testing.assert_frame_equal(table(out), table(tmp_path / "whole"))
    for index in range(7):
        whole, kept = store.scores(tmp_path / "whole", index), store.scores(out, index)
        assert whole.keys() == kept.keys()
        assert all((whole[name] == kept[name]).all() for name in whole)
    assert not list(out.rglob("*.draft*"))
    assert not list((out / "scores/pending").iterdir())


def _die_at(moment: str) -> None:
    append, pack, add = store.Store._append, store.Store.pack, store.Store.add

    def appended(self: store.Store, line: bytes) -> None:
        if len(self.done) == 4 and moment == "before row":
            os._exit(9)
        if len(self.done) == 4 and moment == "half a row":
            append(self, line[: len(line) // 2])
            os._exit(9)
        append(self, line)
        if len(self.done) == 4 and moment == "after row":
            os._exit(9)

    def packed(self: store.Store) -> None:
        if moment == "before packed":
            os._exit(9)
        if moment == "packed":
            Path.unlink = lambda self, missing_ok=False: os._exit(9)  # type: ignore[method-assign,assignment]
        pack(self)

    def added(self: store.Store, rows: list, arrays: dict) -> None:
        if len(self.done) == 4 and moment == "before scores":
            os._exit(9)
        add(self, rows, arrays)

    store.Store._append, store.Store.pack, store.Store.add = appended, packed, added  # type: ignore[method-assign,assignment]


def test_a_sample_that_fails_is_a_row_with_its_reason_and_can_be_asked_again(
    model: Loaded, pictures: Path, tmp_path: Path
) -> None:
    good = (pictures / "1_3.png").read_bytes()
    (pictures / "1_3.png").write_bytes(good[:60])
    outcome = start(model, pictures, tmp_path / "out")
    assert (outcome.measured, outcome.failed) == (7, 1)
    frame = table(tmp_path / "out")
    assert frame["error"].notna().sum() == 1
    assert "picture" in frame.loc[frame["sample"] == "1_3.png", "error"].item().lower()
    assert start(model, pictures, tmp_path / "out").measured == 0
    (pictures / "1_3.png").write_bytes(good)
    again = start(model, pictures, tmp_path / "out", only_failed=True)
    assert (again.measured, again.failed) == (1, 0)
    frame = table(tmp_path / "out")
    assert list(frame["index"]) == list(range(7)), "the row that failed is replaced"
    assert "error" not in frame or frame["error"].isna().all()


def test_a_limit_takes_the_first_or_some_at_random_and_can_grow(model: Loaded, pictures: Path, tmp_path: Path) -> None:
    assert start(model, pictures, tmp_path / "out", limit=2).measured == 2
    assert list(table(tmp_path / "out")["index"]) == [0, 1]
    assert start(model, pictures, tmp_path / "out", limit=4).measured == 2
    drawn = [item.index for item in work.chosen(listing.listing(pictures)[0], 3, seed=1)]
    assert drawn == [item.index for item in work.chosen(listing.listing(pictures)[0], 3, seed=1)]
    assert drawn != [0, 1, 2]


def test_two_batches_and_another_batch_in_one_folder_are_refused(model: Loaded, pictures: Path, tmp_path: Path) -> None:
    items, _ = listing.listing(pictures)
    wanted = Wanted(OWN, ("look",), (), steps=0)
    held = store.Store(tmp_path / "out", work.plan(model, wanted, items, pictures))
    with pytest.raises(XvizError, match="Another batch writes into"):
        store.Store(tmp_path / "out", work.plan(model, wanted, items, pictures))
    held.close()
    with pytest.raises(XvizError, match=r"holds another batch \(methods: look there, look, occlusion, gradient now"):
        start(model, pictures, tmp_path / "out")
    plan = json.loads((tmp_path / "out/batch.json").read_text())
    (tmp_path / "out/batch.json").write_text(json.dumps({**plan, "xviz_batch": 99}))
    with pytest.raises(XvizError, match="newer xviz"):
        start(model, pictures, tmp_path / "out")


def test_a_full_disk_is_told_and_what_was_kept_goes_on(
    model: Loaded, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(self: Path, content: bytes) -> int:
        if self.name == ".3.draft":
            write(self, content[:9])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(XvizError, match=r"The disk of .* is full\. What was measured before is kept"):
            start(model, pictures, tmp_path / "out")
    assert len(table(tmp_path / "out")) == 3
    assert start(model, pictures, tmp_path / "out").measured == 4
    start(model, pictures, tmp_path / "whole")
    pd.testing.assert_frame_equal(table(tmp_path / "out"), table(tmp_path / "whole"))


# Data


def test_a_folder_of_one_kind_with_sentences_and_labels(pictures: Path) -> None:
    (pictures / "0_0.txt").write_text("A red square.")
    (pictures / "notes.docx").write_text("x")
    (pictures / ".hidden.png").write_bytes(b"x")
    items, notes = listing.listing(pictures, pattern=r"^(\d)_")
    assert [item.label for item in items] == ["0", "0", "0", "0", "1", "1", "1"]
    assert items[0].origin["texts"] == {"text": "A red square."}
    assert notes == ["1 other files were left out: .docx."]


def test_a_table_names_parts_labels_and_more(pictures: Path, tmp_path: Path) -> None:
    rows = "picture,text,label,speaker\npictures/0_0.png,A cat,7,anna\npictures/0_2.png,A dog,,\n"
    (tmp_path / "a.csv").write_text(rows)
    items, _ = listing.listing(tmp_path / "a.csv")
    assert items[0].origin["parts"] == {"picture": str(pictures / "0_0.png")}
    assert (items[0].label, items[0].beside, items[1].label) == ("7", {"speaker": "anna"}, None)
    pd.DataFrame({"file": ["pictures/0_0.png"], "score": [0.5]}).to_parquet(tmp_path / "a.parquet")
    [item], _ = listing.listing(tmp_path / "a.parquet")
    assert item.beside == {"score": 0.5}


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda f: (f / "data").mkdir(), "holds no file"),
        (lambda f: ((f / "data").mkdir(), (f / "data/a.docx").write_text("a")), "none of a kind that is read"),
        (
            lambda f: ((f / "data").mkdir(), (f / "data/a.png").write_text(""), (f / "data/a.wav").write_text("")),
            "several kinds: 1 of kind picture, 1 of kind sound",
        ),
        (lambda f: None, "is not there"),
        (lambda f: (f / "data.csv").write_text("file\nnone.png\nalso.png\n"), "names 2 files that are not there"),
        (lambda f: (f / "data.csv").write_text("size\n3\n"), "one should be “file”, or parts by name"),
        (lambda f: (f / "data.csv").write_text(""), "cannot be read as a table"),
        (lambda f: (f / "data.csv").write_text("file\n"), "holds no sample|columns none"),
        (lambda f: (f / "data.parquet").write_text("no table"), "cannot be read as a table"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_used_is_told(make, told: str, tmp_path: Path) -> None:
    make(tmp_path)
    data = next((p for p in tmp_path.iterdir() if p.suffix), tmp_path / "data")
    with pytest.raises(SampleError, match=told):
        listing.listing(data)


def test_missing_files_can_be_failed_rows(model: Loaded, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("file\nnone.png\n")
    items, _ = listing.listing(tmp_path / "a.csv", skip_missing=True)
    rows, arrays = measure(model, items[0], Wanted(OWN, ("look",), ()))
    assert "There is no file" in rows[0]["error"]
    assert not arrays


# Commands and Ray


def test_the_command_writes_a_table_and_tells_what_is_wrong(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["batch", OWN, "--data", str(pictures), "--out", str(tmp_path / "out"), "--steps", "0", "--limit", "2"]
    cli.main([*words, "--json"])
    assert json.loads(capsys.readouterr().out)["measured"] == 2
    for more, told in {
        ("--methods", "guess"): "There is no method “guess”", ("--targets", "joy"): "has no output “joy”",
        ("--limit", "0"): "--limit is 1 or more", ("--label", "who"): "have no column “who”",
        ("--label-pattern", "("): "no regular expression", ("--ray", "nowhere"): "Expected --ray local",
        ("--ray", "127.0.0.1:1"): "No Ray answers at 127.0.0.1:1",
    }.items():  # fmt: skip
        if "--ray" in more:
            pytest.importorskip("ray")
            more = (*more, "--limit", "3")
        with pytest.raises(SystemExit) as left:
            cli.main([*words, *more])
        assert told in str(left.value.code), more


def test_without_ray_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from xviz.batch.workers import on_ray

    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(XvizError, match=r"pip install “xviz\[ray\]”"):
        on_ray("local")


def test_what_listens_and_is_no_ray_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setattr(workers, "ANSWERS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        way = workers.on_ray(address)
        with pytest.raises(XvizError, match=f"What listens at {address} did not answer as Ray"):
            next(way(Wanted(OWN, ("look",), ()), []))


@pytest.mark.skipif("XVIZ_RAY" not in os.environ, reason="starts Ray, which takes long: XVIZ_RAY=1 runs it")
def test_ray_gives_the_same_table(model: Loaded, pictures: Path, tmp_path: Path) -> None:
    from xviz.batch.workers import on_ray

    start(model, pictures, tmp_path / "here")
    start(model, pictures, tmp_path / "there", way=on_ray("local", workers=2))
    pd.testing.assert_frame_equal(table(tmp_path / "here"), table(tmp_path / "there"))


def test_an_item_is_plain() -> None:
    item = Item(0, "a", {"files": ["a.png"]}, "7")
    assert json.loads(json.dumps([item.index, item.name, dict(item.origin), item.label])) == [
        0,
        "a",
        {"files": ["a.png"]},
        "7",
    ]
