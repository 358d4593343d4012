"""How often a reader has looked, for those whose emulated hardware cannot tell."""

from threading import Condition

PATIENCE = 20.0


class Looks:
    """Counts them. What came of all but the last has been told."""

    def __init__(self, more: int = 1) -> None:
        """`more` looks than are asked for are waited for, the last one included."""
        self._more = more
        self._changed = Condition()
        self._count = 0

    def one_more(self) -> None:
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, count: int) -> None:
        """For so many from now on. Raises TimeoutError."""
        with self._changed:
            wanted = self._count + count + self._more
            if not self._changed.wait_for(lambda: self._count >= wanted, PATIENCE):
                raise TimeoutError(f"{wanted - self._count} looks are missing")
