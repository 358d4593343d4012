"""The Pi's own camera on a stand-in for its driver library, and a kiosk that has none."""

import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from kiosk.events import Presented, ReaderLost, ReaderReady
from kiosk.readers import ReaderSpec, open_reader
from presence.card import SignedCode
from tests.hardware_mocks import picamera2
from tests.hardware_mocks.picamera2 import EmulatedPicamera, Picamera2
from tests.hardware_mocks.qr_frames import card_frame, genuine_code
from tests.hardware_mocks.witness import Witness

NAME = "hall"
ADA = genuine_code(1)
READY = ReaderReady(NAME)


@pytest.fixture
def camera() -> Iterator[EmulatedPicamera]:
    with EmulatedPicamera() as camera:
        yield camera


def test_a_configured_camera_reads_a_card_and_is_let_go_of(camera: EmulatedPicamera) -> None:
    camera.show(card_frame(ADA))
    reader, witness = open_reader(ReaderSpec("picamera", "0", NAME)), Witness()
    reader.start(witness.tell)
    assert witness.next(2) == [READY, Presented(NAME, SignedCode(ADA))]
    assert picamera2.in_use == {0}
    reader.stop()
    assert picamera2.in_use == set()
    assert camera.open_sources == 0


def test_pictures_are_grey_as_the_kiosk_wants_them_and_asked_for_as_cheaply(
    camera: EmulatedPicamera,
) -> None:
    from kiosk.readers.picamera import PicameraSource

    source = PicameraSource(0)
    source.open()
    frame = source.frame()
    assert frame.shape == (720, 1280)
    assert frame.dtype == np.uint8
    assert (frame == 120).all(), "colours or spare bytes are among the greys"
    source.close()
    source.close()
    with pytest.raises(OSError, match="was not opened"):
        source.frame()


def test_a_cable_that_comes_off_is_a_lost_camera_that_can_be_closed(
    camera: EmulatedPicamera,
) -> None:
    from kiosk.readers.picamera import PicameraSource

    source = PicameraSource(0)
    source.open()
    camera.unplug()
    with pytest.raises(OSError, match="no picture came"):
        source.frame()
    source.close()
    assert picamera2.in_use == set()
    with pytest.raises(OSError, match="there is no camera 0"):
        PicameraSource(0).open()
    camera.plug()
    source.open()
    assert source.frame().shape == (720, 1280)
    source.close()


def test_a_camera_that_another_program_has_is_lost_until_it_is_free(
    camera: EmulatedPicamera,
) -> None:
    other = Picamera2(0)
    reader, witness = open_reader(ReaderSpec("picamera", "0", NAME)), Witness()
    reader.start(witness.tell)
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    other.close()
    assert witness.next(1) == [READY]
    reader.stop()


@pytest.mark.parametrize("number", ["1", "7"])
def test_a_camera_that_is_not_there_is_lost(camera: EmulatedPicamera, number: str) -> None:
    reader, witness = open_reader(ReaderSpec("picamera", number, NAME)), Witness()
    reader.start(witness.tell)
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    assert f"there is no camera {number}" in lost.why
    reader.stop()


def test_a_machine_without_the_library_says_so_at_start_up() -> None:
    program = (
        "from kiosk.readers import *\n"
        "try: open_reader(ReaderSpec('picamera', '0'))\n"
        "except ReaderConfigError as error: print(error)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "python3-picamera2 from Raspberry Pi OS" in ended.stdout
