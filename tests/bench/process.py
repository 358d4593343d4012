"""What the processes of the benchmark have in common: how they say something, and how they end."""

import json
import signal
from collections.abc import Callable

_ENDS = {signal.SIGTERM, signal.SIGINT}


def say(**report: object) -> None:
    """One line to whoever started this process (`demo.child.Child` reads it)."""
    print(json.dumps(report), flush=True)


def block_signals() -> None:
    """To be called before any thread begins, so that none of them is ended in its middle."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)


def until_told_to_end(end: Callable[[], None]) -> None:
    """Wait for a signal, then `end`."""
    signal.sigwait(_ENDS)
    end()
