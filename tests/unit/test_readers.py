"""Choosing a reader, and when a card counts as presented and gone."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kiosk.events import Presented, ReaderEvent, ReaderLost, Removed
from kiosk.readers import FAMILIES, ReaderConfigError, ReaderSpec, open_reader
from kiosk.readers.presentation import TRIES, Presentation, by_serial, identity
from presence.card import ChipUid, SignedCode, Unreadable
from tests.hardware_mocks.picamera2 import use_as_driver
from tests.hardware_mocks.witness import PATIENCE, Witness

NAME = "hall"
CODE = SignedCode("TS1:ONE")
PRESENTED, REMOVED = Presented(NAME, CODE), Removed(NAME)
GARBLED = Presented(NAME, Unreadable.GARBLED)


def test_a_configured_reader_is_opened_by_its_family_and_named() -> None:
    assert open_reader(ReaderSpec("pn532", "/dev/serial0")).name == "pn532"
    assert open_reader(ReaderSpec("pn532", "/dev/serial0", "hall")).name == "hall"
    assert open_reader(ReaderSpec("camera", "/dev/video0")).name == "camera"


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        (
            ReaderSpec("mfrc522", "/dev/serial0"),
            "'mfrc522'; choose one of: pn532, pcsc, camera",
        ),
        (ReaderSpec("", "/dev/serial0"), "choose one of: pn532, pcsc, camera"),
        (ReaderSpec("pn532", ""), "needs the path of its device"),
        (ReaderSpec("pn532", "tty"), "needs the path of its device"),
        (ReaderSpec("pn532", "/dev/x; rm -r /"), "needs the path of its device"),
        (ReaderSpec("pn532", "/dev/$(reboot)"), "needs the path of its device"),
        (ReaderSpec("pn532", "/dev/serial0\n"), "needs the path of its device"),
        (ReaderSpec("camera", ""), "camera needs the path of its device, such as /dev/video0"),
        (ReaderSpec("camera", "0"), "needs the path of its device"),
        (ReaderSpec("camera", "rtsp://camera/"), "needs the path of its device"),
        (ReaderSpec("camera", "/dev/video%d"), "needs the path of its device"),
        (ReaderSpec("picamera", "/dev/video0"), "picamera needs the number of the camera"),
        (ReaderSpec("picamera", "10"), "such as 0, not '10'"),
        (ReaderSpec("pcsc", "/dev/usb1"), "needs a part of the reader's name, such as ACR1252, or"),
        (ReaderSpec("pcsc", "ACR\n"), "needs a part of the reader's name"),
        (ReaderSpec("serial_scanner", "COM3"), "needs the path of its device"),
        (ReaderSpec("hid_scanner", "event3"), "needs the path of its device"),
    ],
)
def test_a_reader_that_cannot_be_is_an_error_at_start_up(spec: ReaderSpec, complaint: str) -> None:
    with pytest.raises(ReaderConfigError) as caught:
        open_reader(spec)
    assert complaint in str(caught.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reader_that_was_never_started_can_be_stopped(family: str) -> None:
    use_as_driver()
    device = {"picamera": "0", "pcsc": "ACR1252"}.get(family, "/dev/serial0")
    open_reader(ReaderSpec(family, device)).stop()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reader_of_any_family_that_does_not_come_has_its_power_switched(
    family: str, tmp_path: Path
) -> None:
    device = {"picamera": "9", "pcsc": "nowhere"}.get(family, f"{tmp_path}/nowhere")
    switched, witness = threading.Event(), Witness()
    reader = open_reader(ReaderSpec(family, device, NAME), switched.set)
    reader.start(witness.tell)
    assert switched.wait(PATIENCE)
    reader.stop()
    [lost] = witness.rest()
    assert isinstance(lost, ReaderLost)


def test_a_driver_is_imported_when_it_is_configured_and_not_before() -> None:
    """A kiosk without a camera has no use for what reads pictures, nor room for it."""
    program = "import kiosk.app, sys; print({'cv2', 'numpy', 'zxingcpp', 'nfc'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert ended.stdout == b"set()\n"


def test_a_random_serial_number_identifies_nothing() -> None:
    """Bank cards and phones draw a new one at every look: 08 and three bytes."""
    assert identity(b"\x08abc") == identity(b"\x08xyz")
    assert identity(b"\x09abc") != identity(b"\x09xyz")
    assert identity(b"\x08abcdef") != identity(b"\x08uvwxyz")


def test_a_serial_number_is_told_only_of_a_card_that_has_no_more_to_say_and_keeps_it() -> None:
    serial, nothing = bytes.fromhex("04a1b2c3d4e580"), Unreadable.UNSUPPORTED
    assert by_serial(serial, nothing) == ChipUid("04A1B2C3D4E580")
    assert by_serial(b"\x09abc", nothing) == ChipUid("09616263")
    assert by_serial(b"\x08abc", nothing) is nothing
    assert by_serial(b"", nothing) is nothing
    for outcome in (CODE, Unreadable.EMPTY, Unreadable.GARBLED, Unreadable.TOO_LONG):
        assert by_serial(serial, outcome) is outcome


def story(*looks: str) -> list[ReaderEvent]:
    """What is told when a reader has these looks; a card is gone after three empty ones."""
    here = Presentation(NAME, looks_until_gone=3)
    told: list[ReaderEvent] = []
    for look in looks:
        match look.split():
            case ["-"]:
                told += here.nothing()
            case ["outage"]:
                told += here.ended()
            case [card, *slips]:
                if here.wants(card.encode()):
                    told += (
                        here.slipped(card.encode()) if slips else here.was_read(card.encode(), CODE)
                    )
    return told


@pytest.mark.parametrize(
    ("looks", "told"),
    [
        (["-", "-", "-", "-"], []),
        (["one", "one", "one"], [PRESENTED]),
        (["one", "-", "-", "one", "-", "-", "one"], [PRESENTED]),
        (["one", "-", "-", "-", "-", "-"], [PRESENTED, REMOVED]),
        (["one", "-", "-", "-", "one"], [PRESENTED, REMOVED, PRESENTED]),
        (["one", "two"], [PRESENTED, REMOVED, PRESENTED]),
        (["one", "-", "two", "one"], [PRESENTED, REMOVED, PRESENTED, REMOVED, PRESENTED]),
        (["one slips", "one"], [PRESENTED]),
        (["one slips", "-", "-", "one", "-"], [PRESENTED]),
        (["one slips", "-", "-", "-", "-"], [GARBLED, REMOVED]),
        (["one slips", "two"], [GARBLED, REMOVED, PRESENTED]),
        (["one", "two slips", "two"], [PRESENTED, REMOVED, PRESENTED]),
        (["one slips"] * (TRIES - 1), []),
        (["one slips"] * TRIES, [GARBLED]),
        (["one slips"] * (TRIES + 5) + ["-", "-", "-"], [GARBLED, REMOVED]),
        (["one", "outage", "one"], [PRESENTED, REMOVED, PRESENTED]),
        (["one slips", "outage"], [GARBLED, REMOVED]),
        (["outage"], []),
    ],
)
def test_looks_become_presentations(looks: list[str], told: list[ReaderEvent]) -> None:
    assert story(*looks) == told
