"""The terminal at the desk: what is said, what is asked, and Ctrl-C.

Theory of operation. SIGINT and SIGTERM are kept from the thread that writes cards, which would be
torn out of the middle of one, and waited for by a thread of their own. The first asks for an end
after this card, and ends a question. The second ends the process where it is: a card that was being
written reads as empty then.
"""

import os
import select
import signal
import sys
import termios
import threading
from types import TracebackType
from typing import Self

SIGNALS = frozenset({signal.SIGINT, signal.SIGTERM})
MOST_TYPED = 4096
BROKEN_OFF = 1


class Terminal:
    """Used once, by the main thread, before any other thread begins."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._bell, self._button = os.pipe()

    def __enter__(self) -> Self:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        threading.Thread(target=self._listen, name="signals", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def say(self, words: str) -> None:
        print(words, flush=True)

    def ask(self, question: str) -> str | None:
        """What is typed, once the question stands there; None: there is no terminal, or no more of
        it, or it is to end."""
        if not sys.stdin.isatty():
            return None
        keyboard = sys.stdin.fileno()
        termios.tcflush(keyboard, termios.TCIFLUSH)  # was no answer to this
        print(question, end="", flush=True)
        ready, _, _ = select.select([keyboard, self._bell], [], [])
        if self._bell in ready:
            print()
            return None
        typed = os.read(keyboard, MOST_TYPED)
        return typed.decode(errors="replace") if typed else None

    def _listen(self) -> None:
        signal.sigwait(SIGNALS)
        self.say("Ending after this card.")
        self.stop.set()
        os.write(self._button, b"!")
        signal.sigwait(SIGNALS)
        os._exit(BROKEN_OFF)
