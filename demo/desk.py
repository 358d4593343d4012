"""The whole system on a desk: broker and server, and the kiosks of some homes, each at its door.

All are processes of their own; the kiosks' hardware is emulated.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType

from demo.child import START_SECONDS, Child, is_ready
from demo.clock import DeskClock
from demo.door import Door
from demo.sample.homes import SOLBAKKEN
from demo.staff import Staff
from kiosk.readers.frames import Frame
from presence.ids import InstitutionId
from server.cards.models import ChipKind
from server.cards.sun import ChipKeys
from server.keys import open_chip_keys
from tests.hardware_mocks.card_model import Card, UidOnlyCard, card_with_text
from tests.hardware_mocks.card_ntag424 import ntag424
from tests.hardware_mocks.qr_frames import card_frame

HOME = SOLBAKKEN.id


@dataclass(frozen=True, slots=True)
class Person:
    """A volunteer of the sample's cast, with the card in the pocket."""

    volunteer: str
    first_name: str
    card: str
    code: str
    chip: Card | None = field(default=None, repr=False)
    """What is in the card, where it is no plain tag with the code on it."""

    def __repr__(self) -> str:
        return f"Person({self.volunteer})"

    def nfc_card(self) -> Card:
        """The card as the reader's antenna meets it."""
        return card_with_text(self.code) if self.chip is None else self.chip

    def code_picture(self) -> Frame:
        """The card's printed code, or a photograph of it, as the kiosk's camera sees it."""
        return card_frame(self.code)


@dataclass(frozen=True, slots=True)
class Programs:
    """The modules run as the two machines' programs; a test replaces one by a broken one."""

    kiosk: str = "demo.kiosk_process"
    server: str = "demo.server_process"


class Desk:
    """Everything on the desk. A context manager: leaving it stops every process."""

    def __init__(
        self,
        directory: Path,
        sample: str,
        *,
        homes: Sequence[InstitutionId] = (HOME,),
        programs: Programs = Programs(),
        start_at: datetime | None = None,
        language: str = "nb",
        frame_ancestor: str | None = None,
    ) -> None:
        """`homes` are those whose kiosks stand on the desk; `start_at` sets the desk's clock;
        `frame_ancestor` is the page that may frame others."""
        self.directory = directory
        self.clock = DeskClock(directory / "clock")
        if start_at is not None:
            self.clock.set(start_at)
        self._homes, self._program, self._language = homes, programs.kiosk, language
        framed = [] if frame_ancestor is None else ["--frame-ancestor", frame_ancestor]
        self._arguments = ["--clock", str(directory / "clock"), *framed]
        self._stack = ExitStack()
        self.server = Child(
            programs.server,
            ["--data", str(directory / "server"), "--sample", sample, *self._arguments],
            directory / "server.log",
        )
        self.doors: dict[InstitutionId, Door] = {}
        self.cast: dict[str, Person] = {}
        self.server_url = ""

    def __enter__(self) -> "Desk":
        with self._stack as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def door(self) -> Door:
        """The first of the doors."""
        return self.doors[self._homes[0]]

    def staff(self) -> Staff:
        """Somebody at the server's pages."""
        return Staff(self.server_url)

    def _start(self, stack: ExitStack) -> None:
        stack.callback(self.server.stop)
        self.server.start()
        ready = self.server.wait_for(is_ready, "start", START_SECONDS)
        self.server_url = ready["url"]
        keys = open_chip_keys(self.directory / "server" / "keys")
        self.cast = {key: _person(told, keys) for key, told in ready["cast"].items()}
        for home in self._homes:
            self.doors[home] = stack.enter_context(self._door(home, ready["broker_port"]))
        for door in self.doors.values():
            door.await_ready()

    def _door(self, home: InstitutionId, broker_port: int) -> Door:
        return Door(
            home,
            self.directory,
            self._program,
            self._arguments,
            broker_port=broker_port,
            language=self._language,
        )


def _person(told: Mapping[str, str], keys: ChipKeys) -> Person:
    card = told["card"], told["code"]
    chip = _chip(told, keys) if "uid" in told else None
    return Person(told["volunteer"], told["first_name"], *card, chip)


def _chip(told: Mapping[str, str], keys: ChipKeys) -> Card:
    """Made with the keys of this desk's server, as the office does that issues cards."""
    uid = bytes.fromhex(told["uid"])
    if told["chip"] == ChipKind.UID:
        return UidOnlyCard(uid)
    return ntag424(told["code"], keys.meta, keys.file, uid=uid)
