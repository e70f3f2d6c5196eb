"""The container file and the document for servers say what is there."""

from __future__ import annotations

import json
import re
import shlex
import tomllib

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from xviz.places import ROOT
from xviz.ui.turns import LONG

DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def instructions() -> list[tuple[str, str]]:
    """The container file, instruction by instruction."""
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_container_has_what_the_app_needs_and_no_rights() -> None:
    made = instructions()
    names = [name for name, _ in made]
    assert set(names) <= {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert made[0] == ("FROM", "python:3.11-slim")
    copied = [shlex.split(rest)[:-1] for name, rest in made if name == "COPY"]
    assert all((ROOT / path).exists() for paths in copied for path in paths)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert set(wheel["wheel"]["force-include"]) <= {path for paths in copied for path in paths}
    assert names.index("USER") < names.index("CMD")
    assert dict(made)["USER"] == "xviz"
    assert f"{LONG}=1" in dict(made)["ENV"]
    command = json.loads(dict(made)["CMD"])
    assert command[:2] == ["xviz", "app"]
    options = [word.removeprefix("--") for word in command if word.startswith("--")]
    assert set(options) <= set(config.get_config_options())
    assert command[command.index("--server.port") + 1] == dict(made)["EXPOSE"]
    assert "/_stcore/health" in dict(made)["HEALTHCHECK"]


def test_every_option_that_the_document_names_is_there() -> None:
    named = set(re.findall(r"\b(server\.[A-Za-z]+)", DEPLOY))
    assert named <= set(config.get_config_options())
    assert LONG in DEPLOY
    assert "proxy_set_header Upgrade $http_upgrade;" in DEPLOY
    assert all(path in DEPLOY for path in ("Containerfile", "xviz/ui/cache.py"))
    most = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["server"]["maxUploadSize"]
    assert f"{most} MB" in DEPLOY


def secrets() -> dict[str, dict[str, str]]:
    """What the document says to write."""
    return tomllib.loads(DEPLOY.split("```toml\n")[1].split("```")[0])


@pytest.mark.parametrize("asked", [False, True])
def test_with_a_provider_no_page_opens_before_somebody_has_signed_in(asked: bool) -> None:
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    if asked:
        at.secrets.update(secrets())
    at.run()
    assert not at.exception
    assert any(button.label == "Sign in" for button in at.button) == asked
    assert any("multimodal fusion" in text.value for text in at.markdown) != asked
