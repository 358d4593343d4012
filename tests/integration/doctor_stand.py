"""A whole emulated kiosk for the doctor, the machine that it runs on, and a program that is in the
way."""

import socket
import subprocess
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from kiosk import app
from kiosk.config import Config, load
from kiosk.doctor.examination import examine
from kiosk.doctor.finding import Finding, State
from kiosk.doctor.machine import Machine
from server.broker import Broker
from tests.fakes.machine import healthy
from tests.hardware_mocks.fake_lgpio import FakeLgpio, emulated_pi
from tests.hardware_mocks.pcscd import Pcscd
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.qr_frames import card_frame
from tests.hardware_mocks.serial_scanner import EmulatedSerialScanner
from tests.hardware_mocks.video import write_video
from tests.integration.kiosk_process import Home

AMBER, RED, BUZZER, BUTTON, ALARM, RESET = 27, 22, 18, 23, 24, 25
CLOSED_PORT = 9  # discard: nobody listens
ROOT = Path(__file__).parents[2]
WIRED = """
[indicator]
factory = "lgpio"
[switches]
button = {button}
alarm = {alarm}
[[reader]]
family = "pn532"
device = "{pn532}"
name = "hall"
reset_pin = {reset}
[[reader]]
family = "pcsc"
device = "Virtual"
[[reader]]
family = "serial_scanner"
device = "{scanner}"
[[reader]]
family = "camera"
device = "{camera}"
"""


def raspberry_pi(folder: Path) -> Machine:
    """Healthy, and with the clock by which the kiosk's keys are valid."""
    return healthy(folder / "machine", wall=lambda: datetime.now(UTC))


class Stand:
    """A kiosk with one of everything, that does not run."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.home = Home(folder)
        self.machine = raspberry_pi(folder)
        self.broker = stack.enter_context(Broker(folder / "broker"))
        self.chip: FakeLgpio = stack.enter_context(emulated_pi())
        self.pn532 = stack.enter_context(EmulatedPn532())
        self.pcscd = stack.enter_context(Pcscd())
        self.scanner = stack.enter_context(EmulatedSerialScanner())
        self.camera = folder / "camera.avi"
        self.show(card_frame(self.home.code()))
        self.chip.ground(ALARM)
        self.port = free_port()

    def show(self, frame: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        write_video(self.camera, [frame] * 8)

    def config(self, broker_port: int | None = None) -> Config:
        path = self.home.config(broker_port or self.broker.port)
        wired = WIRED.format(
            button=BUTTON,
            alarm=ALARM,
            reset=RESET,
            pn532=self.pn532.path,
            scanner=self.scanner.path,
            camera=self.camera,
        )
        text = path.read_text().replace("port = 0", f"port = {self.port}")
        path.write_text(text + wired)
        return load(path, app.CHOICES)

    def findings(self) -> list[Finding]:
        return list(examine(self.config(), self.machine))

    def only_fault(self) -> Finding:
        """Of all parts one is at fault, and the doctor says how to mend it."""
        [fault] = [one for one in self.findings() if one.state is not State.OK]
        assert fault.state is State.FAULT
        assert fault.mend
        return fault


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


HANGS_UP = "while True: server.accept()[0].close()"


class Stranger:
    """Something else on a port; if not told otherwise, it answers every call with nothing."""

    def __init__(self, port: int, program: str = HANGS_UP) -> None:
        program = (
            "import socket\n"
            f"server = socket.create_server(('127.0.0.1', {port}))\n"
            "print('ready', flush=True)\n"
            f"{program}\n"
        )
        self._process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
