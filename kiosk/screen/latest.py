"""The hand-over from the loop to the page: only the latest matters, and nobody waits for it."""

from threading import Condition

from kiosk.events import Stage, Starting, Surroundings

NOTHING_KNOWN = Surroundings(house=None, is_connected=False)


class Latest:
    """What is to be shown now, with a number that rises with every change."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._number = 0
        self._stage: Stage = Starting()
        self._around = NOTHING_KNOWN
        self._is_closed = False

    def put(self, stage: Stage, around: Surroundings) -> None:
        with self._changed:
            self._stage, self._around = stage, around
            self._number += 1
            self._changed.notify_all()

    def get(self) -> tuple[int, Stage, Surroundings]:
        with self._changed:
            return self._number, self._stage, self._around

    def wait(self, seen: int, seconds: float) -> None:
        """Until there is something newer than number `seen`, but no longer than that."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._number != seen, seconds)

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        """Let go of everyone who waits, for good."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
