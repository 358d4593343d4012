"""Our own readers, with somebody listening in: how each family is recorded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from kiosk.ports import Reader
from tests.hardware_mocks.traces.recorder import Recorder
from tests.hardware_mocks.traces.trace import READER, Asked, CardCame, CardWent, Keys, TraceError

RECORDED = ("pn532", "pcsc", "serial_scanner", "hid_scanner")
PN532_BAUDRATE = 115_200


@contextmanager
def tapped(
    family: str, device: str, looks_until_gone: int | None, recorder: Recorder
) -> Iterator[tuple[Reader, int]]:
    """The reader, not started, and after how many looks a card is gone to it. Raises TraceError for
    a family that is not recorded, OSError for a device that cannot be had."""
    match family:
        case "pn532":
            yield from _pn532(device, looks_until_gone, recorder)
        case "serial_scanner":
            yield from _serial_scanner(device, looks_until_gone, recorder)
        case "pcsc":
            yield _pcsc(device, looks_until_gone, recorder)
        case "hid_scanner":
            yield _hid_scanner(device, looks_until_gone, recorder)
        case "camera" | "picamera":
            raise TraceError("cameras are not recorded: people are in their pictures")
        case _:
            raise TraceError(f"unknown family {family!r}; choose one of: {', '.join(RECORDED)}")


def _pn532(device: str, looks: int | None, recorder: Recorder) -> Iterator[tuple[Reader, int]]:
    from kiosk.readers.nfc_pn532 import Pn532Reader
    from kiosk.readers.polling import DEFAULT_PACE
    from tests.hardware_mocks.traces.relay import Relay

    pace = replace(DEFAULT_PACE, looks_until_gone=looks or DEFAULT_PACE.looks_until_gone)
    with Relay(device, PN532_BAUDRATE, recorder, is_framed=True) as relay:
        yield Pn532Reader(READER, relay.path, pace), pace.looks_until_gone


def _serial_scanner(
    device: str, looks: int | None, recorder: Recorder
) -> Iterator[tuple[Reader, int]]:
    from kiosk.readers.scanner import SCANNER_PACE
    from kiosk.readers.serial_scanner import BAUDRATE, SerialScanner
    from tests.hardware_mocks.traces.relay import Relay

    pace = replace(SCANNER_PACE, looks_until_gone=looks or SCANNER_PACE.looks_until_gone)
    with Relay(device, BAUDRATE, recorder, is_framed=False) as relay:
        yield SerialScanner(READER, relay.path, pace), pace.looks_until_gone


def _pcsc(device: str, looks: int | None, recorder: Recorder) -> tuple[Reader, int]:
    from kiosk.readers.pcsc import PCSC_PACE, PcscReader
    from kiosk.readers.polling import CardSlippedError
    from kiosk.readers.smartcards import UNAWARE, CardLink, Session, State

    class TappedLink(CardLink):
        """A card, with somebody listening in."""

        def __init__(self, link: CardLink) -> None:
            self._link = link

        def transmit(self, apdu: bytes) -> bytes:
            try:
                answer = self._link.transmit(apdu)
            except CardSlippedError:
                recorder.add(lambda t: Asked(t, apdu.hex(), None))
                raise
            recorder.add(lambda t: Asked(t, apdu.hex(), answer.hex()))
            return answer

        def close(self) -> None:
            self._link.close()

    class TappedSession(Session):
        """pcscd, with somebody listening in."""

        _before = UNAWARE

        def state(self, reader: str, known: State, seconds: float) -> State:
            now = super().state(reader, known, seconds)
            before, self._before = self._before, now
            if now.is_same_card(before):
                return now
            if before.has_card:
                recorder.add(CardWent)
            if now.has_card:
                recorder.add(lambda t: CardCame(t, "" if now.is_mute else now.atr.hex()))
            return now

        def connect(self, reader: str) -> CardLink:
            recorder.model = model_of(reader)
            return TappedLink(super().connect(reader))

    pace = replace(PCSC_PACE, looks_until_gone=looks or PCSC_PACE.looks_until_gone)
    reader = PcscReader(READER, device, pace, new_session=TappedSession)
    return reader, pace.looks_until_gone


def model_of(reader: str) -> str:
    """Maker and model, which begin every name; its serial number may end it."""
    words = reader.split()[:2]
    return " ".join(word for word in words if re.fullmatch(r"[A-Za-z0-9_.+-]{1,20}", word))


def _hid_scanner(device: str, looks: int | None, recorder: Recorder) -> tuple[Reader, int]:
    import evdev
    from evdev import ecodes

    from kiosk.readers.hid_scanner import HidScanner
    from kiosk.readers.scanner import SCANNER_PACE

    def is_kept(event: evdev.InputEvent) -> bool:
        is_lost = event.type == ecodes.EV_SYN and event.code == ecodes.SYN_DROPPED
        return is_lost or event.type == ecodes.EV_KEY

    class TappedDevice(evdev.InputDevice[str]):
        """The scanner, with somebody listening in."""

        def read(self) -> Any:
            events = list(super().read())
            kept = [(event.type, event.code, event.value) for event in events if is_kept(event)]
            if kept:
                recorder.add(lambda t: Keys(t, kept))
            return iter(events)

    pace = replace(SCANNER_PACE, looks_until_gone=looks or SCANNER_PACE.looks_until_gone)
    return HidScanner(READER, device, pace, opener=TappedDevice), pace.looks_until_gone
