"""What the gateway needs of the broker's wire, and nothing more."""

from collections.abc import Callable
from typing import Protocol


class Incoming(Protocol):
    """A message as it came."""

    @property
    def topic(self) -> str | None:
        """None: the topic was not even text."""
        ...

    @property
    def payload(self) -> bytes: ...

    @property
    def correlation(self) -> bytes | None: ...

    def is_late(self) -> bool:
        """Nobody waits for an answer any more."""
        ...

    def acknowledge(self) -> None:
        """Tell the broker that it was dealt with, if its connection is still there. From any
        thread."""
        ...


class Wire(Protocol):
    """One connection to the broker, made again and again."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Disconnect for good. May be called twice."""
        ...

    def wait_ready(self, seconds: float) -> bool:
        """Wait until the broker has accepted our subscription."""
        ...

    @property
    def is_ready(self) -> bool: ...

    @property
    def is_alive(self) -> bool:
        """What serves the connection has not died."""
        ...

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int,
        correlation: bytes | None = None,
        *,
        is_retained: bool = False,
    ) -> bool:
        """Hand a message to the broker, from any thread. False: there is no connection, and the
        message is gone. One that is retained is kept by the broker for whoever comes later."""
        ...


Receive = Callable[[Incoming], None]
Connect = Callable[[str, Receive, Callable[[], None]], Wire]
"""Makes a wire, not yet started, for a subscription. It calls the first function with every
message and the second with every accepted subscription; they must neither raise nor block."""
