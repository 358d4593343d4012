"""The kiosk as a program: how soon it is ready, and what it takes."""

import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

from server.broker import Broker
from tests.bench import desk
from tests.bench.city import City
from tests.bench.figures import Figure, figure
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.integration.kiosk_process import KioskProcess

TAPS = 50
LOOKS_A_TAP = 4
PATIENCE = 10.0


def measure(city: City, starts: int) -> list[Figure]:
    """`python -m kiosk` with a server, started so many times; the last one is also tapped."""
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(city.directory / "broker"))
        database = city.copy("program.sqlite")
        stack.enter_context(desk.server(city, database, broker.port))
        pn532 = stack.enter_context(EmulatedPn532(city.directory / "program-reader"))
        config = desk.write_config(city, "program", broker.port, pn532.path)
        seconds = [_start_and_end(config) for _ in range(starts)]
        memory = _memory_after_taps(config, city, pn532, database)
    return [
        figure("kiosk: start to ready", median(seconds), "s", 1.5),
        figure(f"kiosk: resident memory after {TAPS} taps", memory, "MB", 80),
    ]


def _start_and_end(config: Path) -> float:
    began = time.perf_counter()
    with closing(KioskProcess(config)) as kiosk:
        _await_ready(kiosk)
        took = time.perf_counter() - began
        kiosk.end()
    return took


def _await_ready(kiosk: KioskProcess) -> None:
    if (told := kiosk.told()) != "READY=1":
        raise ValueError(f"the kiosk told systemd {told!r} first")


def _memory_after_taps(config: Path, city: City, pn532: EmulatedPn532, database: Path) -> float:
    with closing(KioskProcess(config)) as kiosk:
        _await_ready(kiosk)
        pn532.await_looks(LOOKS_A_TAP)
        before = _events(database)
        for number, person in enumerate(city.sample.people[:TAPS], 1):
            pn532.hold(card_with_text(person.code_text, uid=b"\x04" + number.to_bytes(6, "big")))
            pn532.await_looks(LOOKS_A_TAP)
        _await_events(database, before + TAPS)
        megabytes = resident_megabytes(kiosk.process.pid)
        kiosk.end()
    return megabytes


def resident_megabytes(pid: int) -> float:
    """VmRSS of a process (proc(5), /proc/pid/status), in megabytes of 10^6 bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def _events(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])


def _await_events(database: Path, wanted: int) -> None:
    """Each tap makes one entry at the server, so none was missed. Raises TimeoutError."""
    until = time.monotonic() + PATIENCE
    while (found := _events(database)) < wanted:
        if time.monotonic() > until:
            raise TimeoutError(f"{found} entries at the server, {wanted} were awaited")
        time.sleep(0.05)
