"""Loads the extension module in a thread that does not end.

Its allocator takes the thread that loads it for the main thread. Where that one has ended, as the
threads of Beam's workers do, the next thread at the same place in memory would go on with what was
freed, and the process would crash.
"""

from __future__ import annotations

import importlib
import threading


def load() -> None:
    """Load the extension module, so that whoever imports it finds it."""
    if threading.current_thread() is threading.main_thread():
        return
    done = threading.Event()
    threading.Thread(target=_stay, args=[done], name="per-entity", daemon=True).start()
    done.wait()


def _stay(done: threading.Event) -> None:
    try:
        importlib.import_module("per_entity._native")
    except ImportError:
        # Whoever imports it is told.
        return
    finally:
        done.set()
    threading.Event().wait()
