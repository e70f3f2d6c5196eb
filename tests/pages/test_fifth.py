"""Model five: two new files and one line in a table, tried in a copy of the house."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINE = '    "fifth": Entry("xviz.models.fifth", "Words and patches", ":material/looks_5:"),\n'
TRY = """
from streamlit.testing.v1 import AppTest
import xviz
from xviz import engine
from xviz.checkpoints import save
from xviz.core.run import Target
from xviz.explain import METHODS
from xviz.models import MODELS
at = AppTest.from_file("app.py", default_timeout=120).run()
assert any("Words and patches (fifth)" in m.value for m in at.markdown), "start page"
at = at.switch_page("pages/fifth.py").run()
assert not at.exception and not at.error, [e.value for e in [*at.exception, *at.error]]
assert at.title[0].value.startswith("Words and patches"), at.title[0].value
assert any("random" in w.value for w in at.warning), "random weights are called so"
card = MODELS["fifth"]
loaded = engine.untrained(card)
sample = card.samples()["A red square"]
run = engine.run(loaded, sample)
assert [(c.name, c.queries, c.keys) for c in run.calls] == [("reads", "words", "patches"), ("seen", "patches", "words")]
for key in ("relevance", "occlusion"):
    assert set(METHODS[key].explain(loaded, run, Target("match")).scores) == {"words", "patches"}, key
from dataclasses import replace
from pathlib import Path
from xviz import checkpoints
folder = Path("weights")
folder.mkdir()
sha = save(loaded.module, folder / "own.safetensors")
(folder / "five.toml").write_text(
    f'[five]\\nfile = "own.safetensors"\\nsha256 = "{sha}"\\ncard = "fifth"\\norigin = "tests"\\nlicence = "CC0"\\n'
)
found = checkpoints.find("five", folder)
checkpoints.load_into(engine.untrained(card, seed=1).module, found)
print("fine")
"""


def linked(folder: Path, to: Path, *, but: tuple[str, ...] = ()) -> None:
    """A folder whose entries are those of another, but for some."""
    to.mkdir()
    for path in folder.iterdir():
        if path.name not in (*but, "__pycache__"):
            (to / path.name).symlink_to(path)


def test_a_fifth_model_is_two_files_and_one_line(tmp_path: Path) -> None:
    linked(ROOT, tmp_path / "house", but=("xviz", "pages", "app.py"))
    house = tmp_path / "house"
    linked(ROOT / "xviz", house / "xviz", but=("house.py", "models", "__init__.py"))
    linked(ROOT / "xviz" / "models", house / "xviz" / "models")
    linked(ROOT / "pages", house / "pages")
    shutil.copy(ROOT / "app.py", house)
    shutil.copy(ROOT / "xviz" / "__init__.py", house / "xviz")
    shutil.copy(ROOT / "examples" / "fifth.py", house / "xviz" / "models")
    shutil.copy(ROOT / "examples" / "fifth_page.py", house / "pages" / "fifth.py")
    table = (ROOT / "xviz" / "house.py").read_text(encoding="utf-8")
    (house / "xviz" / "house.py").write_text(table.replace("\n}\n", f"\n{LINE}}}\n"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRY], capture_output=True, text=True, cwd=house, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("fine\n")
