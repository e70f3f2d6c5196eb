"""What every model page is made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

from xviz import record
from xviz.core.errors import ForeignError, SampleError, XvizError
from xviz.core.provenance import digest
from xviz.core.run import Inputs
from xviz.core.sample import Part
from xviz.data.kinds import READ
from xviz.models import CARDS
from xviz.models.card import ModelCard
from xviz.ui import net
from xviz.ui.turns import TURNS

PICTURES = f"{READ}; of any ending, since files are known by their content."  #: that are read
KEPT = "Kept in the memory of the machine that runs xviz, for this visit only."  #: of uploads
Progress = Callable[[float, str], None]


class Gone(SampleError):
    """What a visitor had given is not there any more."""

    def __init__(self, text: str, leave: Callable[[], None]) -> None:
        super().__init__(text)
        self.leave = leave  #: goes on without it


@contextmanager
def told() -> Iterator[None]:
    """Shows errors that a person can put right; anything else is logged, and said without a traceback."""
    try:
        yield
    except Gone as error:
        st.warning(plain(str(error)), icon=":material/upload_file:")
        st.button("Go on without it", on_click=error.leave, key=f"without {digest(str(error))[:8]}")
    except XvizError as error:
        st.error(plain(str(error)), icon=":material/info:")
        if isinstance(error, ForeignError) and error.trace:
            with st.expander("Where in its code"):
                st.code(error.trace, language=None)
    except Exception as error:
        st.error(
            f"Something went wrong (error {net.logged(error)}). Your sample is kept; undo the last change or reload "
            "the page. The log of the app says where it happened, under that number, and nothing of your data.",
            icon=":material/bug_report:",
        )


def plain(text: str) -> str:
    """Text for Streamlit's markdown that shows every character as it is."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>~$:&^=" else c for c in text)


def tabs(parts: Mapping[str, Callable[[], object]], *, key: str = "tabs") -> None:
    """Tabs, of which only the open one is drawn; what goes wrong in one is told there.

    Args:
        parts: Name → what draws it. Widgets there need ``bind`` or ``persist_state``, so that they keep what they say
            while another tab is open.
        key: Of the tabs; its value is the name of the open one.
    """
    for tab, draw in zip(st.tabs(list(parts), key=key, on_change="rerun"), parts.values(), strict=True):
        if tab.open:
            with tab, told():
                draw()


def folded(
    label: str, draw: Callable[[], object], *, key: str, expanded: bool = False, icon: str | None = None
) -> None:
    """What is drawn only while it is unfolded; tables and charts take a browser long, seen or not.

    Args:
        label: Of what is folded.
        draw: Widgets there need ``bind`` or ``persist_state``, so that they keep what they say while it is folded.
        key: Of the fold; its value is whether it is open.
        expanded: Whether it is open at first.
        icon: Before the label.
    """
    fold = st.expander(label, expanded=expanded, key=key, icon=icon, on_change="rerun")
    if fold.open:
        with fold, told():
            draw()


def heading(card: ModelCard) -> DeltaGenerator:
    """The page's title and what it shows; paper and weights stand in the help.

    Returns:
        the place of warnings, above the result.
    """
    st.title(card.title, help=record.line(card))
    st.markdown(card.story)
    return st.container()


def notes(*parts: Part | Inputs | None, above: DeltaGenerator, more: tuple[str, ...] = ()) -> None:
    """What reading and preparing did; what may make the output wrong as warnings ``above`` the result."""
    noted = [part for part in parts if part is not None]
    for text in dict.fromkeys(text for part in noted for text in part.warnings):
        above.warning(plain(text), icon=":material/warning:")
    for note in dict.fromkeys([*(note for part in noted for note in part.notes), *more]):
        st.caption(f":material/info: {plain(note)}")


def _asked_again() -> bool:
    """Whether a widget has been touched while this script runs.

    A whole page is interrupted by Streamlit itself; a fragment is not, and would finish before it looks.
    """
    context = get_script_run_ctx(suppress_warning=True)
    requests = None if context is None or not context.fragment_ids_this_run else context.script_requests
    return requests is not None and requests._state == ScriptRequestType.RERUN


SOON = 0.4  #: seconds of work before a bar is shown
POLLED = 0.3  #: seconds after which one who waits looks again


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar with what is being computed and how far it is, and a button that cancels it.

    Pressing the button, or touching any other widget, ends the running script at the bar's next step.
    What is done within ``SOON`` shows no bar, so that nothing on the page jumps. What takes longer waits for its turn
    (``turns``), with its place in the line in the place of the progress.
    """
    slot, begun, updated = st.empty(), time.monotonic(), 0.0
    bar: DeltaGenerator | None = None
    ticket: object | None = None

    def wait() -> None:
        while ahead := TURNS.ahead(ticket):
            if _asked_again():
                st.rerun(scope="fragment")
            others = "one computation" if ahead == 1 else f"{ahead} computations"
            bar.progress(0.0, text=f"{what}: waiting for {others} of other visitors to end")
            time.sleep(POLLED)

    def move(share: float, text: str) -> None:
        nonlocal bar, updated, ticket
        now = time.monotonic()
        if _asked_again():
            st.rerun(scope="fragment")
        if bar is None and now - begun > SOON:
            with slot.container(horizontal=True, vertical_alignment="center"):
                bar = st.progress(0.0, text=what)
                st.button("Cancel", key=f"cancel {what}", icon=":material/stop_circle:")
            ticket = TURNS.join()
            wait()
        if bar is not None and (now - updated > 0.1 or share >= 1):
            updated = now
            bar.progress(min(max(share, 0.0), 1.0), text=f"{what}: {text}" if text else what)

    try:
        yield move
    finally:
        if ticket is not None:
            TURNS.leave(ticket)
        slot.empty()


def models() -> None:
    """The models that can be opened, side by side."""
    offered = [card for card in CARDS if card.opens]
    columns = st.columns(min(3, max(2, len(offered))), gap="medium")
    for number, card in enumerate(offered):
        with columns[number % len(columns)].container(border=True):
            st.markdown(f"## {card.icon} {card.title}")
            st.markdown(card.story)
            st.caption(card.paper)
            page, chosen = card.page or card.key, {"model": card.short} if card.page else None
            st.page_link(f"pages/{page}.py", label="Open", icon=":material/arrow_forward:", query_params=chosen)
