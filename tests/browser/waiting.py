"""Waits until a page has come to rest, so that a click meets what the last answer drew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: true once no script has run and nothing has been stale for so many milliseconds
_REST = """quiet => {
  const app = document.querySelector('[data-testid=stApp]');
  const busy = app?.dataset.testScriptState !== 'notRunning' || document.querySelector('[data-stale=true]');
  if (busy) window.restingSince = performance.now();
  return performance.now() - window.restingSince > quiet;
}"""


def settled(page: Page, *, quiet: int = 1000, timeout: float = 60_000) -> None:
    """Returns when the page has been at rest for ``quiet`` milliseconds."""
    page.evaluate("() => { window.restingSince = performance.now(); }")
    page.wait_for_function(_REST, arg=quiet, timeout=timeout)


def corrected(page: Page) -> list[str]:
    """Counts of drawings for which the server said something else than the browser had answered before."""
    return page.evaluate(
        """() => [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)
          .flatMap(r => [...r.querySelectorAll('.xv')]).map(e => e.dataset.corrected).filter(Boolean)"""
    )
