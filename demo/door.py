"""A kiosk at a home's door: a process with its readers, its screen, its network cable, its plug."""

import threading
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from demo.cable import Cable
from demo.camera import Camera
from demo.child import START_SECONDS, Child, is_ready
from demo.eyes import Eyes
from kiosk.indicator.switches import HOLD_SECONDS
from presence.ids import InstitutionId, KioskId
from tests.hardware_mocks.pn532 import EmulatedPn532

_CONFIGURATION = """\
# Made by the desk.
kiosk = "{kiosk}"
data = "kiosk"
trust = "{trust}"

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

[switches]
button = 23
alarm = 24

[screen]
port = {screen_port}
language = "{language}"
"""


PRESS_SECONDS, LONG_PRESS_SECONDS = 0.2, HOLD_SECONDS + 0.5


class Door:
    """The kiosk of one home, in a folder of its own. A context manager: entering it puts cable and
    plug in, leaving it stops the process. A card may come after `await_ready`."""

    def __init__(
        self,
        home: InstitutionId,
        desk: Path,
        program: str,
        arguments: list[str],
        *,
        broker_port: int,
        language: str,
    ) -> None:
        """`desk` is the folder of the whole desk; `program` is the module run as the kiosk."""
        self.home = home
        self.kiosk = KioskId(f"{home}-1")
        self.folder = desk / home
        self.folder.mkdir()
        self.configuration = self.folder / "kiosk.toml"
        self.process = Child(
            program,
            ["--config", str(self.configuration), *arguments],
            desk / f"{home}.log",
        )
        self.reader = EmulatedPn532(self.folder / "reader")
        self.camera = Camera(self.folder / "camera.avi")
        self.cable = Cable(broker_port)
        self.url = ""
        self._trust = desk / "server" / "keys" / "trust.json"
        self._language = language
        self._stack = ExitStack()
        self._mark = 0
        self.is_alarm = False

    def __enter__(self) -> "Door":
        with ExitStack() as stack:
            stack.enter_context(self.cable)
            stack.enter_context(self.reader)
            self._configure(screen_port=0)
            stack.callback(self.process.stop)
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def await_ready(self) -> None:
        """Return when a card may come. Raises ChildError."""
        ready = self.process.wait_for(is_ready, "start", START_SECONDS, self._mark)
        self.url = ready["url"]
        # After a power cut the kiosk's own browser expects its page where it was.
        self._configure(screen_port=int(self.url.rstrip("/").rpartition(":")[2]))

    @property
    def has_power(self) -> bool:
        return self.process.pid is not None

    def power_on(self) -> None:
        """Give the kiosk its power; returns when a card may come."""
        self._start()
        self.await_ready()
        self._work_relay()

    def power_cut(self) -> None:
        """Take the kiosk's power away, without a word of warning."""
        self.process.kill()

    def cut_network(self) -> None:
        """Pull the cable. Connections end, and none can be made."""
        self.cable.cut()
        self.cable.reset()

    def mend_network(self) -> None:
        self.cable.mend()

    def alarm(self, *, is_raised: bool) -> None:
        """The fire alarm's relay opens, or closes again. It does so without the kiosk's power."""
        self.is_alarm = is_raised
        if self.has_power:
            self._work_relay()

    def press(self, seconds: float = PRESS_SECONDS) -> None:
        """Press the button, and let it go after so long."""
        self.process.tell("close button")
        threading.Event().wait(seconds)
        self.process.tell("open button")

    def holds(self, words: Collection[str]) -> set[str]:
        """Which of the words stand anywhere in the kiosk's own files."""
        files = [path.read_bytes() for path in (self.folder / "kiosk").rglob("*") if path.is_file()]
        return {word for word in words if any(word.encode() in content for content in files)}

    def eyes(self) -> Eyes:
        """Somebody who looks at the kiosk's screen from now on."""
        return Eyes(self.url)

    def _work_relay(self) -> None:
        self.process.tell("open alarm" if self.is_alarm else "close alarm")

    def _start(self) -> None:
        self._mark = len(self.process.reports)
        self.process.start()

    def _configure(self, screen_port: int) -> None:
        text = _CONFIGURATION.format(
            kiosk=self.kiosk,
            trust=self._trust,
            port=self.cable.port,
            device=self.reader.path,
            camera=self.camera.path,
            screen_port=screen_port,
            language=self._language,
        )
        self.configuration.write_text(text, encoding="utf-8")
