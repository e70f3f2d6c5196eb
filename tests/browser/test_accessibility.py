"""What axe-core finds on every page in both themes: nothing that is ours."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.test_mmca_page import app
from tests.browser.waiting import settled

pytestmark = pytest.mark.browser
__all__ = ["app"]  # fixtures
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
#: what Streamlit draws by itself: its menu lists its items in divs, its uploader is a section without a role
STREAMLIT = ("[data-testid=stSidebarNav]", "[data-testid=stFileUploaderDropzone]")
STYLED = (
    "() => getComputedStyle(document.querySelector('.stMainBlockContainer')).paddingTop === '40px'"  # page.css is here
)
RUN = """exclude => axe.run({ exclude: exclude.map(part => [part]) }, { resultTypes: ["violations"] })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(node =>
    `${id}: ${node.html.slice(0, 160)} (${[...node.any, ...node.all, ...node.none][0]?.message})`)))"""
PAGES = ("", "about", "mmca", "mmvit", "mmvit?model=Object+pictures", "mca", "mit", "dataset", "compare")


@pytest.fixture
def axe() -> str:
    if not AXE.is_file() and shutil.which("npm") is None:
        pytest.skip("axe-core comes from npm, which this machine does not have; see install.sh")
    return AXE.read_text(encoding="utf-8")


def nothing_of_ours_is_out_of_reach(page: Page, axe: str) -> None:
    page.evaluate(axe)
    found = list(page.evaluate(RUN, list(STREAMLIT)))
    for tab in page.get_by_role("tab").all()[1:]:
        tab.click()
        settled(page, quiet=300)
        found += [f"under {tab.inner_text()}: {violation}" for violation in page.evaluate(RUN, list(STREAMLIT))]
    assert not found, "\n".join(dict.fromkeys(found))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_nothing_of_ours_is_out_of_reach(
    open_page: Callable[..., Page], app: str, axe: str, address: str, scheme: str
) -> None:
    page = open_page(height=2600, scheme=scheme)
    page.goto(f"{app}/{address}")
    page.get_by_role("heading", level=1).wait_for(timeout=180_000)
    page.wait_for_function(STYLED)
    settled(page, timeout=180_000)
    nothing_of_ours_is_out_of_reach(page, axe)
