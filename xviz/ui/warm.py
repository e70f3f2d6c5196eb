"""What the first visitor would wait for, done in a thread as soon as the server has an address.

Modules are imported, the models of pages are loaded and run on the sample that their page opens with, so that the first
page is as quick as the next; runs only until the first visitor is there, whom they would keep waiting. What is kept is
found by the digest of the sample, as for any visitor. PyVista and MNE are left until somebody needs them.
"""

from __future__ import annotations

import logging
import threading
import time

from streamlit import runtime
from streamlit.runtime import RuntimeState

from xviz.house import TABLE
from xviz.ui import first
from xviz.ui.net import logged

POLLED = 0.1  #: seconds after which one who waits for the server looks again
CONTEXT = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")


def start() -> None:
    """Begin, and return at once."""
    threading.Thread(target=_work, name="warm", daemon=True).start()


def _work() -> None:
    while not (runtime.exists() and runtime.get_instance().state != RuntimeState.INITIAL):
        time.sleep(POLLED)
    CONTEXT.setLevel(logging.ERROR)  # else each cache that the thread uses writes that it belongs to no page
    try:
        first.ready()
        from xviz.checkpoints import manifest
        from xviz.data.shipped import samples
        from xviz.ui import ahead, cache, memory

        ahead.start()
        threading.Thread(target=memory.give_back, name="memory", daemon=True).start()
        known = [key for key in TABLE if cache.MODELS[key].checkpoint in manifest()]
        for key in known:
            cache.load(key)
        for key in known:
            if memory.visits():  # who has come already asks for what they need
                break
            cache.run(key, samples(key)[0].load())
    except Exception as error:  # whoever opens a page then sees what is wrong
        logged(error)
