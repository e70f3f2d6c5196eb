"""Install what xviz needs into the Python that runs this, and say how much was fetched: ``python install.py FILE``.

FILE is a list of requirements. The build of PyTorch that PyPI gives to Linux brings CUDA, which is of no use without
an NVIDIA GPU and is most of what is fetched. So on Linux without one the CPU build is taken from PyTorch's own index,
where that can be reached; else what pip finds is taken. ``make app`` and ``make test`` call this.
"""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CPU = "https://download.pytorch.org/whl/cpu"
SECONDS = 5  #: that PyTorch's index has to answer
UNITS = {"bytes": 1e-6, "kB": 1e-3, "MB": 1.0, "GB": 1e3}
LARGE = 50.0  #: MB from which a file is named while it comes
FILE = re.compile(r"Downloading (\S+?)(?:\.whl|\.tar\.gz|\.zip)?(?:\.metadata)? \(([\d.]+) (bytes|kB|MB|GB)\)")
#: paths of what is compiled when it is first loaded
RARE = r"[/\\](tests?|transformers[/\\]models[/\\][^/\\]+)[/\\]"
PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-compile")


def gpu() -> bool:
    """Whether an NVIDIA GPU has a driver here."""
    return any(Path(place).exists() for place in ("/dev/nvidia0", "/proc/driver/nvidia/version", "/dev/nvgpu"))


def reached(address: str) -> bool:
    """Whether an index answers."""
    try:
        with urllib.request.urlopen(f"{address}/torch/", timeout=SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def torch_line(requirements: str) -> str | None:
    """The line of a list of requirements that names PyTorch."""
    return next((line.strip() for line in requirements.splitlines() if re.match(r"torch\b(?!-)", line)), None)


def file_of(line: str) -> tuple[str, float] | None:
    """The name and the MB of a file that a line of pip's output says is fetched; None for other lines."""
    found = FILE.search(line)
    return (found[1].rsplit("/", 1)[-1], float(found[2]) * UNITS[found[3]]) if found else None


def told(lines: Iterable[str]) -> float:
    """Name large files as they come, and the MB that all of them have together."""
    total = 0.0
    for line in lines:
        if fetched := file_of(line):
            total += fetched[1]
            if fetched[1] >= LARGE:
                print(f"  {fetched[0].split('-')[0]}: {fetched[1]:,.0f} MB", flush=True)
    return total


def pip(*what: str) -> float:
    """Install; the MB that were fetched. What pip says on its error output is shown as it is."""
    with subprocess.Popen([sys.executable, *PIP, *what], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        total = told(process.stdout)
    if process.returncode:
        sys.exit(process.returncode)
    return total


def compile_all() -> None:
    """Compile what is installed, on all cores: pip does it on one, and a first start that does it keeps pages waiting.

    Files that are no Python of this version stay as they are, and so does what few or none load: the packages' own
    tests, and the hundreds of models of transformers.
    """
    compiling = ("-m", "compileall", "-q", "-j", "0", "-x", RARE)
    command = (sys.executable, *compiling, sysconfig.get_path("purelib"))
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def missing(package: str) -> bool:
    """Whether a package is not installed."""
    try:
        version(package)
    except PackageNotFoundError:
        return True
    return False


def main() -> None:
    """Install the list of requirements that is named."""
    listed = Path(sys.argv[1])
    total, text = 0.0, listed.read_text(encoding="utf-8")
    for other in re.findall(r"^-r (\S+)", text, re.MULTILINE):
        text += (listed.parent / other).read_text(encoding="utf-8")
    torch = torch_line(text)
    if torch and missing("torch") and sys.platform == "linux" and not gpu():
        if reached(CPU):
            print("No NVIDIA GPU here: taking PyTorch's CPU build.", flush=True)
            total += pip("--index-url", CPU, torch)
        else:
            print("No NVIDIA GPU here, but PyTorch's own index cannot be reached: taking what pip finds.", flush=True)
    total += pip("-r", str(listed))
    compile_all()
    print(f"Fetched {total:,.0f} MB." if total else "Nothing had to be fetched.", flush=True)


if __name__ == "__main__":
    main()
