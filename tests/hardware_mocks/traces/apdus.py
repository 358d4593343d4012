"""One card's dialogue in APDUs, with invented answers.

Commands are our own drivers', and tell nothing of a card. One that nobody here knows is refused:
its answer might be anything.
"""

from collections.abc import Callable
from functools import partial

from tests.hardware_mocks.traces.invention import Invention
from tests.hardware_mocks.traces.messages import (
    Image,
    invented_container,
    invented_file,
    invented_memory,
)
from tests.hardware_mocks.traces.trace import TraceError

CONTAINER_FILE = b"\xe1\x03"
GET_UID, HUSH = bytes.fromhex("ffca000000"), bytes.fromhex("ff00520000")
READ_PAGES, READ_FILE = b"\xff\xb0\x00", b"\x00\xb0"
SELECT_NAME, SELECT_FILE = b"\x00\xa4\x04\x00", b"\x00\xa4\x00\x0c\x02"
DONE = b"\x90\x00"
STATUS = 2
PAGE, FIRST_PAGE = 4, 3
Exchange = tuple[bytes, bytes | None]
"""A command, and its answer with the status. None: there was none."""


class CardTalk:
    """The dialogue with one card, from the moment it came on. All of it has to be heard before any
    of it is told."""

    def __init__(self, invention: Invention) -> None:
        self._invention = invention
        self._uid = b""
        self._memory = memory_image(lambda: self._uid, invention)
        self._file: Image | None = None
        self._heard: list[tuple[bytes, bytes | None, Image | None]] = []

    def hear(self, command: bytes, answer: bytes | None) -> None:
        """Raises TraceError for a command whose answers nobody here knows."""
        content = b"" if answer is None else answer[:-STATUS]
        image = None
        if command.startswith(SELECT_FILE):
            is_container = command[len(SELECT_FILE) :] == CONTAINER_FILE
            rewrite = partial(invented_file, invention=self._invention)
            self._file = Image(invented_container if is_container else rewrite)
        elif command.startswith(READ_FILE) and len(command) == 5:
            image = self._file
        elif command.startswith(READ_PAGES) and len(command) == 5:
            image = self._memory
        elif command == GET_UID:
            self._uid = content or self._uid
        elif command != HUSH and not command.startswith(SELECT_NAME):
            raise TraceError(f"nobody here knows what a card says to {command[:4].hex()}")
        if image is not None:
            image.add(_place(command), content)
        self._heard.append((command, answer, image))

    def told(self) -> list[bytes | None]:
        """An answer to each command, as long as its original and with its status."""
        return [self._told(*heard) for heard in self._heard]

    def _told(self, command: bytes, answer: bytes | None, image: Image | None) -> bytes | None:
        if answer is None or len(answer) < STATUS:
            return None if answer is None else bytes(len(answer))
        size = len(answer) - STATUS
        if image is not None:
            content = image.told(_place(command), size)
        elif command == GET_UID:
            content = self._invention.serial(answer[:size])
        else:
            content = bytes(size)
        return content + answer[size:]


def memory_image(uid: Callable[[], bytes], invention: Invention) -> Image:
    """A Type 2 tag's. `uid` is asked for when all has been heard."""
    return Image(lambda memory: invented_memory(memory, uid(), invention), FIRST_PAGE * PAGE)


def _place(command: bytes) -> int:
    if command.startswith(READ_PAGES):
        return command[3] * PAGE
    return int.from_bytes(command[2:4])
