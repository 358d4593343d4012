"""The camera reader with hands that shake, cables that are pulled, and real video files."""

import logging
import os
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain, repeat, starmap
from pathlib import Path
from threading import Event

import cv2
import numpy as np
import pytest
from msgspec import structs

from kiosk.events import Presented, ReaderEvent, ReaderLost, ReaderReady, Removed
from kiosk.readers import ReaderSpec, open_reader
from kiosk.readers.camera import CAMERA_PACE, CameraReader
from kiosk.readers.frames import Frame
from kiosk.readers.polling import Pace
from kiosk.readers.video import VideoSource
from presence.card import SignedCode, Unreadable
from tests.hardware_mocks.camera import EmulatedCamera, nothing_there
from tests.hardware_mocks.qr_frames import (
    Light,
    Pose,
    card_frame,
    empty_frame,
    genuine_code,
    photograph,
)
from tests.hardware_mocks.video import write_video
from tests.hardware_mocks.witness import PATIENCE, Witness

NAME = "hall"
ADA, BO = genuine_code(1), genuine_code(2)
POSTER = "https://example.org/besok"
LEFT, RIGHT = Pose(centre=(350, 360)), Pose(centre=(930, 360))
READY, REMOVED = ReaderReady(NAME), Removed(NAME)
FOREIGN = Presented(NAME, Unreadable.UNSUPPORTED)
PACE = Pace(idle=0.001, near=0.001, looks_until_gone=CAMERA_PACE.looks_until_gone, reopen=(0.01,))
SHAKEN = 16
"""Looks at which a hand may be too quick for the camera: a second and a half."""
NONE = [nothing_there()]
AWAY = NONE * PACE.looks_until_gone


def presented(code: str) -> ReaderEvent:
    return Presented(NAME, SignedCode(code))


@pytest.fixture
def camera() -> Iterator[EmulatedCamera]:
    with EmulatedCamera() as camera:
        yield camera


@pytest.fixture
def witness(camera: EmulatedCamera) -> Iterator[Witness]:
    witness = Witness()
    reader = CameraReader(NAME, camera.source, PACE)
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    yield witness
    reader.stop()


def test_a_hand_that_shakes_makes_one_presentation(
    camera: EmulatedCamera, witness: Witness
) -> None:
    rng = np.random.default_rng(80)
    film = []
    for _ in range(12):
        centre = (640 + rng.uniform(-200, 200), 360 + rng.uniform(-80, 80))
        sharp = photograph([(ADA, Pose(centre=centre, turn=rng.uniform(-20, 20)))], seed=3)
        blurred = photograph([(ADA, Pose(centre=centre))], Light(motion=40), seed=4)
        film += [sharp] + [blurred] * int(rng.integers(1, SHAKEN))
    camera.play(film + AWAY)
    assert witness.rest() == [presented(ADA), REMOVED]


class HangsOnce:
    """`FrameSource` whose second picture comes when it is let go, and shows a card."""

    def __init__(self) -> None:
        self.hangs, self.let_go, self.is_closed = Event(), Event(), Event()
        self._frames = 0

    def open(self) -> None:
        """It is there."""

    def frame(self) -> Frame:
        self._frames += 1
        if self._frames == 1:
            return nothing_there()
        self.hangs.set()
        self.let_go.wait(PATIENCE)
        return card_frame(ADA)

    def close(self) -> None:
        self.is_closed.set()


def test_what_a_camera_shows_to_a_thread_that_was_left_behind_keeps_nobody_s_card_from_counting(
    camera: EmulatedCamera,
) -> None:
    hanging = HangsOnce()
    sources = chain([hanging], starmap(camera.source, repeat(())))
    pace = structs.replace(PACE, looks_until_gone=10_000, after_hangs=(0.001,))
    reader, witness = CameraReader(NAME, lambda: next(sources), pace), Witness()
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    assert hanging.hangs.wait(PATIENCE)
    for checks in range(3):
        reader.check(timedelta(seconds=checks * pace.patience))
    assert [type(event) for event in witness.next(2)] == [ReaderLost, ReaderReady]
    hanging.let_go.set()
    assert hanging.is_closed.wait(PATIENCE)
    camera.show(card_frame(BO))
    assert witness.next(1) == [presented(BO)]
    reader.stop()


def test_two_cards_after_each_other_are_two_presentations(
    camera: EmulatedCamera, witness: Witness
) -> None:
    camera.play([card_frame(ADA)] * 3 + AWAY + [card_frame(BO)] * 3 + AWAY)
    assert witness.rest() == [presented(ADA), REMOVED, presented(BO), REMOVED]


def test_a_resting_card_is_presented_once_however_long_it_rests(
    camera: EmulatedCamera, witness: Witness
) -> None:
    camera.play([card_frame(ADA)] * 300)
    assert witness.rest() == [presented(ADA)]


def test_of_two_people_side_by_side_the_second_waits_until_the_first_is_gone(
    camera: EmulatedCamera, witness: Witness
) -> None:
    both = photograph([(ADA, LEFT), (BO, RIGHT)])
    ada, bo = photograph([(ADA, LEFT)]), photograph([(BO, RIGHT)])
    camera.play([ada, both, bo, ada, bo, bo, both, ada, both])
    assert witness.rest() == [presented(ADA)]
    camera.play([bo] * (PACE.looks_until_gone + 1))
    assert witness.rest() == [REMOVED, presented(BO)]


def test_a_poster_in_the_picture_is_told_once_and_hides_no_card(
    camera: EmulatedCamera, witness: Witness
) -> None:
    poster = [photograph([(POSTER, RIGHT)])]
    with_ada = [photograph([(POSTER, RIGHT), (ADA, LEFT)])]
    with_bo = [photograph([(POSTER, RIGHT), (BO, LEFT)])]
    camera.play(poster * 30 + with_ada * 3 + poster * 30 + with_bo * 3 + poster * 30)
    between = [REMOVED, presented(ADA), REMOVED, presented(BO), REMOVED]
    assert witness.rest() == [FOREIGN, *between]


BLURRED_ONLY = Light(noise=45)
"""In so much noise a code is read in every second look, when the picture is blurred."""


def test_a_poster_that_is_seen_in_every_second_look_is_told_once(
    camera: EmulatedCamera, witness: Witness
) -> None:
    camera.play([photograph([(POSTER, Pose(size=140))], BLURRED_ONLY)] * 120)
    assert witness.rest() == [FOREIGN]
    camera.play([photograph([])] * 80)
    assert witness.rest() == [REMOVED]


def test_a_faint_code_that_rests_is_found_in_a_hall_that_was_empty_for_long(
    camera: EmulatedCamera, witness: Witness
) -> None:
    hall = photograph([], BLURRED_ONLY)
    camera.play([hall] * 60 + [photograph([(ADA, Pose(size=300))], BLURRED_ONLY)] * 60)
    assert witness.rest() == [presented(ADA)]


def test_a_web_address_on_the_card_beside_its_code_is_not_told(
    camera: EmulatedCamera, witness: Witness
) -> None:
    address_first = [photograph([(POSTER, RIGHT)])]
    whole_card = [photograph([(POSTER, RIGHT), (ADA, LEFT)])]
    camera.play(address_first * 2 + whole_card * 5 + address_first * 40)
    assert witness.rest() == [presented(ADA), REMOVED]


def test_a_code_half_out_of_the_picture_says_nothing_until_it_is_wholly_in(
    camera: EmulatedCamera, witness: Witness
) -> None:
    camera.play([photograph([(ADA, Pose(centre=(0, 360)))])] * 30)
    assert witness.rest() == []
    camera.play([photograph([(ADA, Pose(centre=(240, 360)))])] * 2)
    assert witness.rest() == [presented(ADA)]


def test_pictures_that_change_their_size_disturb_nobody(
    camera: EmulatedCamera, witness: Witness
) -> None:
    frame = card_frame(ADA)
    sizes = [frame, frame[50:-50], np.zeros((0, 0), np.uint8), np.dstack([frame] * 3), frame[:9]]
    camera.play([*sizes * 4, *AWAY])
    assert witness.rest() == [presented(ADA), REMOVED]


@pytest.mark.parametrize("fault", [OSError("gone"), ValueError("odd"), cv2.error("inside")])
def test_a_fault_that_opening_afresh_cures_is_told_to_nobody(
    camera: EmulatedCamera, witness: Witness, fault: Exception
) -> None:
    camera.play([card_frame(ADA)] * 3 + [fault] + [card_frame(ADA)] * 3)
    assert witness.rest() == [presented(ADA)]
    assert camera.open_sources == 1


def test_a_camera_that_keeps_failing_is_lost_once_and_ready_once(
    camera: EmulatedCamera, witness: Witness
) -> None:
    camera.play([OSError("no picture")] * 8)
    lost, ready = witness.next(2)
    assert (lost, ready) == (ReaderLost(NAME, "OSError: no picture"), READY)
    assert camera.open_sources == 1


def test_a_stopped_reader_lets_go_of_the_camera(camera: EmulatedCamera) -> None:
    reader, witness = CameraReader(NAME, camera.source, PACE), Witness()
    reader.start(witness.tell)
    assert witness.next(1) == [READY]
    assert camera.open_sources == 1
    reader.stop()
    assert camera.open_sources == 0


def test_nothing_that_a_camera_sees_is_logged(
    camera: EmulatedCamera, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    camera.play([card_frame(ADA)] * 3 + AWAY + [card_frame(POSTER)] * 10 + [OSError("x")] * 5)
    told = witness.next(5)
    assert [type(event) for event in told] == [Presented, Removed, Presented, ReaderLost, Removed]
    for secret in (ADA[4:], "example.org"):
        assert secret not in caplog.text
        assert secret not in repr(told)


# --- video files, by the real OpenCV -----------------------------------------------------------


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return tmp_path / "camera.avi"


@pytest.fixture
def watched(video: Path) -> Iterator[Witness]:
    """Who hears a reader of the file, which may not be there yet."""
    witness = Witness()
    reader = CameraReader(NAME, lambda: VideoSource(str(video)), PACE)
    reader.start(witness.tell)
    yield witness
    reader.stop()


def await_ready(watched: Witness) -> None:
    """The file may have been looked for before it was there."""
    [event] = watched.next(1)
    assert event == READY or (isinstance(event, ReaderLost) and watched.next(1) == [READY])


def frames_of(source: VideoSource, count: int) -> list[Frame]:
    return [source.frame() for _ in range(count)]


def test_a_video_file_is_watched_again_and_again(video: Path, watched: Witness) -> None:
    write_video(video, [card_frame(ADA, seed) for seed in range(6)] + AWAY)
    await_ready(watched)
    assert watched.next(4) == [presented(ADA), REMOVED] * 2


def test_every_picture_of_a_file_is_seen_and_after_the_last_the_first(video: Path) -> None:
    write_video(video, [np.full((64, 96), grey, np.uint8) for grey in (10, 120, 230)])
    source = VideoSource(str(video))
    source.open()
    greys = [int(frame.mean().round(-1)) for frame in frames_of(source, 7)]
    assert greys == [10, 120, 230, 10, 120, 230, 10]
    source.close()
    source.close()
    with pytest.raises(OSError, match="no more pictures"):
        source.frame()


def test_what_is_put_in_the_place_of_a_file_is_seen_from_then_on(
    video: Path, watched: Witness
) -> None:
    write_video(video, [empty_frame()])
    await_ready(watched)
    write_video(video, [card_frame(ADA)])
    assert watched.next(1) == [presented(ADA)]
    write_video(video, [card_frame(BO)])
    assert watched.next(2) == [REMOVED, presented(BO)]


def test_a_file_that_is_taken_away_is_a_lost_camera_and_comes_back(
    video: Path, watched: Witness
) -> None:
    write_video(video, [empty_frame()])
    await_ready(watched)
    video.unlink()
    [lost] = watched.next(1)
    assert isinstance(lost, ReaderLost)
    assert lost.why.startswith("FileNotFoundError")
    write_video(video, [card_frame(ADA)])
    assert watched.next(2) == [READY, presented(ADA)]


def test_a_file_that_ends_in_the_middle_is_played_to_there(video: Path) -> None:
    write_video(video, [card_frame(ADA)] * 4)
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) * 2 // 3])
    source = VideoSource(str(video))
    source.open()
    assert {frame.shape[:2] for frame in frames_of(source, 10)} == {(720, 1280)}
    source.close()


def nothing(path: Path) -> None:
    """There is no such path."""


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def empty_file(path: Path) -> None:
    path.touch()


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 500)


def no_camera(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (nothing, "FileNotFoundError"),
        (folder, "neither a camera nor a video file"),
        (pipe, "neither a camera nor a video file"),
        (empty_file, "no pictures from"),
        (garbage, "no pictures from"),
        (no_camera, "no pictures from"),
    ],
)
def test_what_is_no_camera_is_lost_with_its_reason_until_it_is_one(
    tmp_path: Path, made: object, why: str
) -> None:
    path = tmp_path / "camera.avi"
    assert callable(made)
    made(path)
    reader, witness = open_reader(ReaderSpec("camera", str(path), NAME)), Witness()
    reader.start(witness.tell)
    [lost] = witness.next(1)
    assert isinstance(lost, ReaderLost)
    assert why in lost.why
    if path.is_dir():
        path.rmdir()
    write_video(path, [card_frame(ADA)])
    assert witness.next(2, patience=20) == [READY, presented(ADA)]
    reader.stop()
