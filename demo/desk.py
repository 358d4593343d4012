"""The whole system on a desk: broker, server and a kiosk as processes, its hardware emulated.

What belongs to the kiosk can be taken from it: its network cable and its power.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from demo.cable import Cable
from demo.camera import Camera
from demo.child import Child, Report
from demo.clock import DeskClock
from demo.eyes import Eyes
from demo.staff import Staff
from kiosk.readers.frames import Frame
from presence.ids import KioskId
from tests.hardware_mocks.card_model import Card, card_with_text
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.qr_frames import card_frame

START_SECONDS = 60.0
HOME = "solbakken"
KIOSK = KioskId("solbakken-1")
_CONFIGURATION = """\
# Made by the desk.
kiosk = "{kiosk}"
data = "kiosk"
trust = "server/keys/trust.json"

[server]
host = "127.0.0.1"
port = {port}

[[reader]]
family = "pn532"
device = "{device}"

[[reader]]
family = "camera"
device = "{camera}"

[indicator]
factory = "mock"

[screen]
port = {screen_port}
language = "{language}"
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A volunteer of the sample's cast, with the card in the pocket."""

    volunteer: str
    first_name: str
    card: str
    code: str

    def __repr__(self) -> str:
        return f"Person({self.volunteer})"

    def nfc_card(self) -> Card:
        """The card as the reader's antenna meets it."""
        return card_with_text(self.code)

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
        programs: Programs = Programs(),
        start_at: datetime | None = None,
        language: str = "nb",
        frame_ancestor: str | None = None,
    ) -> None:
        """`start_at` sets the desk's clock; `frame_ancestor` is the page that may frame others."""
        self.directory = directory
        self.clock = DeskClock(directory / "clock")
        if start_at is not None:
            self.clock.set(start_at)
        self._language = language
        self._framed = [] if frame_ancestor is None else ["--frame-ancestor", frame_ancestor]
        self._stack = ExitStack()
        clock = ["--clock", str(directory / "clock")]
        self.server = Child(
            programs.server,
            ["--data", str(directory / "server"), "--sample", sample, *clock, *self._framed],
            directory / "server.log",
        )
        self.kiosk = Child(
            programs.kiosk,
            ["--config", str(directory / "kiosk.toml"), *clock, *self._framed],
            directory / "kiosk.log",
        )
        self.reader = EmulatedPn532(directory / "reader")
        self.camera = Camera(directory / "camera.avi")
        self.cast: dict[str, Person] = {}
        self.server_url = ""
        self.kiosk_url = ""

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

    def _start(self, stack: ExitStack) -> None:
        stack.callback(self.server.stop)
        self.server.start()
        ready = self.server.wait_for(_is_ready, "start", START_SECONDS)
        self.server_url = ready["url"]
        self.cast = {key: Person(**told) for key, told in ready["cast"].items()}
        self.cable = stack.enter_context(Cable(ready["broker_port"]))
        stack.enter_context(self.reader)
        self._configure(screen_port=0)
        stack.callback(self.kiosk.stop)
        self.power_on()
        # After a power cut the kiosk's own browser expects its page where it was.
        self._configure(screen_port=int(self.kiosk_url.rstrip("/").rpartition(":")[2]))

    def _configure(self, screen_port: int) -> None:
        text = _CONFIGURATION.format(
            kiosk=KIOSK,
            port=self.cable.port,
            device=self.reader.path,
            camera=self.camera.path,
            screen_port=screen_port,
            language=self._language,
        )
        (self.directory / "kiosk.toml").write_text(text, encoding="utf-8")

    # --- the kiosk's plug and cable ----------------------------------------------------------

    def power_on(self) -> None:
        """Give the kiosk its power; returns when a card may come."""
        mark = len(self.kiosk.reports)
        self.kiosk.start()
        self.kiosk_url = self.kiosk.wait_for(_is_ready, "start", START_SECONDS, mark)["url"]

    def power_cut(self) -> None:
        """Take the kiosk's power away, without a word of warning."""
        self.kiosk.kill()

    def cut_network(self) -> None:
        """Pull the cable. Connections end, and none can be made."""
        self.cable.cut()
        self.cable.reset()

    def mend_network(self) -> None:
        self.cable.mend()

    # --- people ------------------------------------------------------------------------------

    def eyes(self) -> Eyes:
        """Somebody who looks at the kiosk's screen from now on."""
        return Eyes(self.kiosk_url)

    def staff(self) -> Staff:
        """Somebody at the server's pages."""
        return Staff(self.server_url)


def _is_ready(report: Report) -> bool:
    return bool(report["kind"] == "ready")
