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
CANVAS = "() => getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
REPAINTED = f"before => ({CANVAS})() !== before"
DRAWN = """() => [...document.querySelectorAll('[role=tabpanel]')]
  .every(panel => !panel.offsetParent || panel.querySelector('.stElementContainer'))"""
#: looks at the whole page, or at the open panels of tabs alone; for all rules, or for some
RUN = """([exclude, panels, rules]) => {
  const open = [...document.querySelectorAll('[role=tabpanel]')].filter(panel => panel.offsetParent);
  const what = { exclude: exclude.map(part => [part]), ...(panels && { include: open }) };
  return axe.run(what, { resultTypes: ["violations"], ...(rules && { runOnly: { type: "rule", values: rules } }) })
  .then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(node =>
    `${id}: ${node.html.slice(0, 160)} (${[...node.any, ...node.all, ...node.none][0]?.message})`)))
}"""
COLOURS = ("color-contrast", "link-in-text-block")  #: rules that other colours can break
PAGES = ("", "about", "mmca", "mmvit", "mmvit?model=Object+pictures", "mca", "mit", "dataset", "compare")


@pytest.fixture
def axe() -> str:
    if not AXE.is_file() and shutil.which("npm") is None:
        pytest.skip("axe-core comes from npm, which this machine does not have; see install.sh")
    return AXE.read_text(encoding="utf-8")


def nothing_of_ours_is_out_of_reach(page: Page, axe: str) -> None:
    """Looks at the page and under each tab, those that stand in others too: only what is open is drawn.

    Each is seen by all rules, then in the other theme, changed as a system does it, by those that colours can break.
    """
    page.evaluate(axe)
    scheme, violations = "light", list[str]()

    def look(where: str, *, panels: bool) -> None:
        nonlocal scheme
        found = [f"{scheme}{where}, {text}" for text in page.evaluate(RUN, [STREAMLIT, panels, None])]
        before = page.evaluate(CANVAS)
        scheme = "light" if scheme == "dark" else "dark"
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(REPAINTED, arg=before)
        settled(page, quiet=300)
        found += [f"{scheme}{where}, {text}" for text in page.evaluate(RUN, [STREAMLIT, panels, COLOURS])]
        violations.extend(found)

    seen = {tab.inner_text() for tab in page.get_by_role("tab", selected=True).all()}
    look("", panels=False)
    while tabs := [tab for tab in page.get_by_role("tab").all() if tab.inner_text() not in seen]:
        name = tabs[-1].inner_text()  # tabs within a tab come after it
        seen.add(name)
        tabs[-1].click()
        page.wait_for_function(DRAWN, timeout=60_000)
        settled(page)
        look(f", tab {name}", panels=True)
    assert not violations, "\n".join(dict.fromkeys(violations))


@pytest.mark.parametrize("address", PAGES)
def test_nothing_of_ours_is_out_of_reach(open_page: Callable[..., Page], app: str, axe: str, address: str) -> None:
    page = open_page(height=2600, scheme="light")
    page.goto(f"{app}/{address}")
    page.get_by_role("heading", level=1).wait_for(timeout=180_000)
    page.wait_for_function(STYLED)
    settled(page, timeout=180_000)
    nothing_of_ours_is_out_of_reach(page, axe)
