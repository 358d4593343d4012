"""Faults that may come a thousand times are logged once."""

import logging
import threading

log = logging.getLogger("server.gateway")

_LIMIT = 10_000


class Once:
    """Says each thing once for each speaker, until it is over. Safe from several threads."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def warn(self, who: str, kind: str, detail: str = "") -> None:
        """Log a fault of this kind. `detail` must not repeat what was sent to us."""
        with self._lock:
            # Bounded: a stranger must not be able to fill our memory with their faults.
            if (who, kind) in self._said or len(self._said) > _LIMIT:
                return
            self._said.add((who, kind))
        log.warning("%s: %s%s; further ones are not logged", who, kind, detail and f" ({detail})")

    def over(self, who: str, kind: str) -> None:
        """Log that what was warned of is over."""
        with self._lock:
            if (who, kind) not in self._said:
                return
            self._said.discard((who, kind))
        log.info("%s: %s is over", who, kind)
