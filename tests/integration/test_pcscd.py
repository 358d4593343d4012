"""A pcscd of one's own: other processes find it, nothing of it stays, and other drivers work."""

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kiosk.events import Presented, ReaderReady, Removed
from kiosk.readers.card_desk import reader_names
from kiosk.readers.pcsc import PcscReader
from presence.card import SignedCode
from tests.hardware_mocks.card_model import Card, card_with_text
from tests.hardware_mocks.card_type4 import type4_with_text
from tests.hardware_mocks.pcsc_antenna import Antenna
from tests.hardware_mocks.pcscd import Pcscd, entry
from tests.hardware_mocks.witness import Witness

NAME, CODE = "hall", "TS1:6BFOXN*TS0BI$ZD.P9UOL97O4"
VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
ROOT = Path(__file__).parents[2]
PATIENCE_MS = 20_000
STANDING = """
import signal
from tests.hardware_mocks.pcscd import Pcscd
with Pcscd() as pcscd:
    print(pcscd.pid, flush=True)
    signal.pause()
"""


def test_another_process_sees_the_same_readers() -> None:
    command = [sys.executable, "-m", "tests.hardware_mocks.watch", "pcsc", ""]
    with (
        Pcscd() as pcscd,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as watch,
    ):
        assert watch.stdout is not None
        assert watch.stdout.readline() == "ready\n"
        pcscd.readers[0].hold(card_with_text(CODE))
        assert watch.stdout.readline() == "presented: SignedCode\n"
        watch.terminate()
        assert watch.wait() == 0


def test_nothing_runs_on_after_a_test_that_was_killed() -> None:
    command = [sys.executable, "-c", STANDING]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as standing:
        assert standing.stdout is not None
        daemon = os.pidfd_open(int(standing.stdout.readline()))
        standing.kill()
    ended = select.poll()
    ended.register(daemon, select.POLLIN)
    assert ended.poll(PATIENCE_MS)
    os.close(daemon)


def test_as_many_readers_as_pcscd_can_serve_are_all_there() -> None:
    names = [f"Reader {number}" for number in range(16)]
    with Pcscd(names):
        assert reader_names() == [f"{name} {at:02X} 00" for at, name in enumerate(names)]


def test_a_card_on_the_driver_of_another_project_is_read() -> None:
    """The driver of vsmartcard, by the stock polling of pcscd, four tenths of a second apart."""
    port = _free_ports()
    vpcd = entry("Virtual PCD", f"/dev/null:{port}", VPCD, port)
    with Pcscd((), others=[vpcd]):
        assert len(reader_names()) == 2
        witness = Witness()
        reader = PcscReader(NAME, "PCD 00 00")
        reader.start(witness.tell)
        assert witness.next(1) == [ReaderReady(NAME)]
        for card in (card_with_text(CODE), type4_with_text(CODE)):
            with held_to_vpcd(card, port):
                assert witness.next(1) == [Presented(NAME, SignedCode(CODE))]
            assert witness.next(1) == [Removed(NAME)]
        reader.stop()


def _free_ports() -> int:
    """The lower one of two: vpcd has two slots."""
    while True:
        with (
            suppress(OSError),
            socket.create_server(("127.0.0.1", 0)) as first,
            socket.create_server(("127.0.0.1", first.getsockname()[1] + 1)),
        ):
            return int(first.getsockname()[1])


@contextmanager
def held_to_vpcd(card: Card, port: int) -> Iterator[None]:
    with socket.create_connection(("127.0.0.1", port)) as call:
        thread = threading.Thread(target=_answer, args=(call, card))
        thread.start()
        try:
            yield
        finally:
            call.shutdown(socket.SHUT_RDWR)
            thread.join()


def _answer(call: socket.socket, card: Card) -> None:
    """Messages of two bytes of length and the content; one byte is about the card's power."""
    antenna = Antenna()
    antenna.place(card)
    atr = antenna.power_up()
    while size := int.from_bytes(call.recv(2, socket.MSG_WAITALL)):
        request = call.recv(size, socket.MSG_WAITALL)
        call.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        answer = atr if request == b"\x04" else antenna.answer(request) if size > 1 else None
        if answer is not None:
            call.sendall(len(answer).to_bytes(2) + answer)
