"""What is shown to scanners, and to the Pi's own camera, in the contract tests.

A scanner has no card that rests: while something is held up to it, it says the same again and
again. A look is one time that the reader waits for it.
"""

import serial

from kiosk.ports import Reader
from kiosk.readers.camera import CameraReader
from kiosk.readers.polling import Pace
from kiosk.readers.serial_scanner import SerialScanner, open_serial
from presence.card import SignedCode, Unreadable
from tests.contract.card_outcomes import CODE, LONGEST, Outcomes
from tests.contract.looks import Looks
from tests.contract.reader_benches import NAME, Bench, CameraBench
from tests.hardware_mocks.hid_scanner import EmulatedHidScanner, ReaderBehindGlass
from tests.hardware_mocks.keyboard import LAYOUTS, TAB, typed, typed_by_number, with_caps_lock
from tests.hardware_mocks.picamera2 import EmulatedPicamera
from tests.hardware_mocks.serial_scanner import EmulatedSerialScanner

LOOK_SECONDS = 0.005
QUIET_LOOKS = 3
"""After so many in which it was silent, a scanner says again what is held up to it. A scan without
a terminator has ended by then."""
LOOKS_AFTER = 4
"""More looks than are asked for: what was said just before takes some of them."""

VCARD = b"BEGIN:VCARD\nVERSION:3.0\nFN:Ola Eksempel\nEND:VCARD\r"


def scanner_pace(looks_until_gone: int) -> Pace:
    return Pace(idle=0.0, near=0.0, looks_until_gone=looks_until_gone, reopen=(0.02,))


class SerialScannerBench(EmulatedSerialScanner):
    """Nothing here waits for a clock: the scanner speaks when the reader has listened."""

    def __init__(self) -> None:
        super().__init__(repeats_itself=False)
        self._looks = Looks(LOOKS_AFTER)
        self._quiet = 0

    def listened(self, received: bytes) -> None:
        self._quiet = 0 if received else self._quiet + 1
        if self._quiet >= QUIET_LOOKS:
            self._quiet = 0
            self.repeat()
        self.push()
        self._looks.one_more()

    def hold_code(self, code: str) -> None:
        self.hold(code.encode() + b"\r")

    def await_looks(self, count: int) -> None:
        self._looks.wait(count)

    def reader(self, looks_until_gone: int = 5) -> Reader:
        bench = self

        class Watched(serial.Serial):  # type: ignore[misc]  # pyserial has no types
            def read(self, size: int = 1) -> bytes:
                received: bytes = super().read(size)
                bench.listened(received)
                return received

        def opener(device: str, seconds: float) -> serial.Serial:
            open_serial(device, seconds).close()
            return Watched(device, timeout=seconds, exclusive=True)

        return SerialScanner(
            NAME,
            self.path,
            scanner_pace(looks_until_gone),
            look_seconds=LOOK_SECONDS,
            opener=opener,
        )

    OUTCOMES: Outcomes = (
        ("ended by CR", CODE.encode() + b"\r", SignedCode(CODE)),
        ("ended by LF", CODE.encode() + b"\n", SignedCode(CODE)),
        ("ended by CR and LF", CODE.encode() + b"\r\n", SignedCode(CODE)),
        ("ended by Tab", CODE.encode() + b"\t", SignedCode(CODE)),
        ("between STX and ETX", b"\x02" + CODE.encode() + b"\x03", SignedCode(CODE)),
        ("with no end", CODE.encode(), SignedCode(CODE)),
        ("QR in front", b"]Q3" + CODE.encode() + b"\r", SignedCode(CODE)),
        ("maker's letter in front", b"s" + CODE.encode() + b"\r", SignedCode(CODE)),
        (
            "NUL bytes between",
            b"\0\0" + CODE.encode()[:9] + b"\0" + CODE.encode()[9:] + b"\r\0",
            SignedCode(CODE),
        ),
        ("300 characters", LONGEST.encode() + b"\r", SignedCode(LONGEST)),
        ("301 characters", LONGEST.encode() + b"A\r", Unreadable.TOO_LONG),
        ("the largest code", b"7" * 7089 + b"\r", Unreadable.UNSUPPORTED),
        ("more than any code has", b"7" * 20_000 + b"\r", Unreadable.TOO_LONG),
        ("glued together", LONGEST.encode() * 2 + b"\r", SignedCode(LONGEST)),
        ("web address", b"https://example.org/?TS1:A\r", Unreadable.UNSUPPORTED),
        ("visiting card", VCARD, Unreadable.UNSUPPORTED),
        ("small letters", b"ts1:6bfoxn\r", Unreadable.UNSUPPORTED),
        ("not at its beginning", b" TS1:6BFOXN\r", Unreadable.UNSUPPORTED),
        ("Norwegian text", "Blåbærsyltetøy\r".encode(), Unreadable.UNSUPPORTED),
        (
            "a code with damage",
            CODE.encode()[:20] + b"\xe5" + CODE.encode()[20:] + b"\r",
            Unreadable.GARBLED,
        ),
    )


class HidScannerBench(EmulatedHidScanner):
    """The reader is in a process of its own, and each of its looks waits for what is typed."""

    def __init__(self) -> None:
        super().__init__()
        self._looks = Looks(LOOKS_AFTER)

    def hold_code(self, code: str) -> None:
        self.hold(typed(code))

    def await_looks(self, count: int) -> None:
        self._looks.wait(count)

    def reader(self, looks_until_gone: int = 5) -> Reader:
        return ReaderBehindGlass(NAME, self, looks_until_gone, self._on_look)

    def _on_look(self) -> None:
        self.feed(QUIET_LOOKS)
        self._looks.one_more()

    OUTCOMES: Outcomes = (
        *((layout, typed(CODE, layout), SignedCode(CODE)) for layout in LAYOUTS),
        ("ended by Tab", typed(CODE, end=TAB), SignedCode(CODE)),
        ("by numbers", typed_by_number(CODE), SignedCode(CODE)),
        ("caps lock switched", with_caps_lock(typed(CODE.lower())), SignedCode(CODE)),
        ("web address", typed("https://example.org/?TS1:A"), Unreadable.UNSUPPORTED),
        ("not at its beginning", typed(" TS1:6BFOXN"), Unreadable.UNSUPPORTED),
        ("Norwegian text", typed("blåbærsyltetøy", "no"), Unreadable.UNSUPPORTED),
    )


class PicameraBench(EmulatedPicamera, CameraBench):
    def reader(self, looks_until_gone: int = 5) -> Reader:
        # Its driver is there only once this bench stands.
        from kiosk.readers.picamera import PicameraSource

        return CameraReader(NAME, lambda: PicameraSource(0), scanner_pace(looks_until_gone))

    # What is made of a picture is none of its business: some will do.
    OUTCOMES: Outcomes = CameraBench.OUTCOMES[:4]


BENCHES: list[type[Bench]] = [SerialScannerBench, HidScannerBench, PicameraBench]
