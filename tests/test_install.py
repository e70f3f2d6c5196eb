"""What installing reads of the list of requirements and of pip."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import install

ROOT = Path(__file__).parents[1]


def test_the_line_of_pytorch_is_found_and_no_other() -> None:
    assert install.torch_line((ROOT / "requirements.txt").read_text(encoding="utf-8")) == "torch==2.13.0"
    assert install.torch_line("torch-geometric\ntorchaudio==2\nnumpy\n") is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Downloading torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl (190.4 MB)", ("torch", 190.4)),
        ("  Downloading scipy-1.16.0-cp311-cp311-manylinux_2_27_x86_64.whl.metadata (62 kB)", ("scipy", 0.062)),
        ("Downloading https://example.org/simple/nvidia_cudnn-9-py3-none-any.whl (1.2 GB)", ("nvidia_cudnn", 1200.0)),
        ("Using cached torch-2.13.0.whl (190.4 MB)", None),
        ("Requirement already satisfied: numpy", None),
    ],
)
def test_lines_of_pip_say_what_is_fetched(line: str, said: tuple[str, float] | None) -> None:
    found = install.file_of(line)
    assert (None if found is None else (found[0].split("-")[0], pytest.approx(found[1]))) == said


def test_large_files_are_named_and_all_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    total = install.told(["Downloading vtk-9.whl (110 MB)", "Collecting x", "Downloading x-1.tar.gz (500 kB)"])
    assert total == pytest.approx(110.5)
    assert capsys.readouterr().out == "  vtk: 110 MB\n"


@contextmanager
def served(status: int) -> Iterator[str]:
    class Index(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Index)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_index_that_does_not_answer_is_left_out() -> None:
    with served(200) as address:
        assert install.reached(address)
    with served(503) as address:
        assert not install.reached(address)
    assert not install.reached("http://127.0.0.1:9")


def test_what_is_installed_is_compiled_and_what_is_no_python_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.sysconfig, "get_path", lambda name: str(tmp_path))
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "good.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "package" / "bad.py").write_text("print 1\n", encoding="utf-8")
    (tmp_path / "package" / "tests").mkdir()
    (tmp_path / "package" / "tests" / "test_good.py").write_text("x = 1\n", encoding="utf-8")
    install.compile_all()
    assert [path.name.partition(".")[0] for path in tmp_path.rglob("*.pyc")] == ["good"]
