"""Every kept trace of a device means to our drivers what it meant when it was taken down; and a
recording has nothing in it that is anybody's."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path

import pytest
from msgspec.structs import replace

from kiosk.events import Presented, ReaderEvent
from presence.card import SignedCode, Unreadable
from tests.contract.card_outcomes import CARD_OUTCOMES, CODE, OLDEST, OUTCOMES_OF_TWO, SUN_CARD
from tests.contract.scanner_benches import SerialScannerBench
from tests.hardware_mocks.card_isodep import PhoneWallet
from tests.hardware_mocks.card_model import UidOnlyCard, card_with_text
from tests.hardware_mocks.keyboard import typed
from tests.hardware_mocks.pcsc_antenna import ContactCard
from tests.hardware_mocks.pn532 import EmulatedPn532
from tests.hardware_mocks.record import keep, main
from tests.hardware_mocks.traces import emulated
from tests.hardware_mocks.traces.replay import ReplayDiffersError, replay
from tests.hardware_mocks.traces.trace import (
    Asked,
    To,
    Trace,
    expected,
    read_trace,
)

TRACES = Path(emulated.__file__).parent
KEPT = sorted(TRACES.glob("*.jsonl"))
ROOT = Path(__file__).parents[2]
UID = bytes.fromhex("04112233445566")
PATIENCE = 20.0


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_device_that_was_recorded_means_the_same_to_our_driver(path: Path) -> None:
    replay(read_trace(path))


def test_there_is_a_trace_of_every_family_that_is_recorded() -> None:
    families = {read_trace(path).header.family for path in KEPT}
    assert families == {"pn532", "pcsc", "serial_scanner", "hid_scanner"}


def test_a_kept_trace_says_what_it_was_recorded_from() -> None:
    for path in KEPT:
        is_emulated = path.name.startswith("emulated_")
        assert (read_trace(path).header.recorded_from == emulated.EMULATOR) == is_emulated


Recording = Callable[..., tuple[Trace, list[ReaderEvent]]]
RECORDED: list[tuple[Recording, Sequence[object]]] = [
    (emulated.pn532, (card_with_text(CODE, uid=UID), SUN_CARD, (PhoneWallet(), UidOnlyCard(UID)))),
    (emulated.pcsc, (card_with_text(CODE, uid=UID), SUN_CARD, UidOnlyCard(UID), ContactCard(None))),
    (
        emulated.serial_scanner,
        (CODE.encode() + b"\r", b"https://example.org/" + UID.hex().encode() + b"\r"),
    ),
]


@pytest.mark.parametrize(("recording", "things"), RECORDED)
def test_what_is_recorded_is_told_again_of_invented_cards(
    recording: Recording, things: Sequence[object], tmp_path: Path
) -> None:
    recorded, told = recording(*deepcopy(things))
    keep(recorded, tmp_path / "trace.jsonl")
    kept = read_trace(tmp_path / "trace.jsonl")
    replay(kept)
    assert [shape(line.told()) for line in kept.expected][1:] == [shape(event) for event in told]
    wire = written(tmp_path / "trace.jsonl")
    for original in (UID, UID[::-1], UID.hex().encode(), CODE[4:14].encode()):
        assert original not in wire


def shape(event: ReaderEvent) -> object:
    return type(event.evidence) if isinstance(event, Presented) else event


def written(path: Path) -> bytes:
    """The file, and what its digits stand for."""
    file = path.read_bytes()
    runs = re.findall(rb'"((?:[0-9a-f]{2})+)"', file)
    return b"\n".join([file.lower(), file, *(bytes.fromhex(run.decode()) for run in runs)])


def test_a_scanner_that_types_is_recorded_by_the_program(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    printed = emulated.hid_scanner(path, typed(CODE), typed("Ring 110"), typed(CODE, "no"))
    assert printed[:5] == [
        "ready",
        "presented: SignedCode",
        "removed",
        "presented: unsupported",
        "removed",
    ]
    kept = read_trace(path)
    replay(kept)
    told = [line.told() for line in kept.expected if line.event == "Presented"]
    assert told[0] == told[2] != told[1] == Presented("hall", Unreadable.UNSUPPORTED)
    assert CODE.encode() not in path.read_bytes()


def program(path: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            *(sys.executable, "-W", "error", "-m", "tests.hardware_mocks.record"),
            *(*arguments, "--to", str(path)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def await_baudrate(pn532: EmulatedPn532, baudrate: int) -> None:
    """The chip is left at the speed it had, as soon as it has heard so."""
    until = time.monotonic() + PATIENCE
    while pn532.baudrate != baudrate:
        assert time.monotonic() < until
        pn532.lift()


def test_the_program_records_until_it_is_told_to_end(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with EmulatedPn532() as pn532, program(path, "pn532", pn532.path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        pn532.hold(card_with_text(CODE, uid=UID))
        assert process.stdout.readline() == "presented: SignedCode\n"
        pn532.await_looks(3)
        assert pn532.baudrate == 921_600, "the relay did not follow the driver"
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=PATIENCE)
        assert (process.returncode, complaints) == (0, "")
        assert f"lines: {path}" in said
        await_baudrate(pn532, 115_200)
    replay(read_trace(path))


def test_a_recording_ends_when_the_device_is_unplugged_and_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    with EmulatedPn532() as pn532, program(path, "pn532", pn532.path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        pn532.hold(card_with_text(CODE, uid=UID))
        assert process.stdout.readline() == "presented: SignedCode\n"
        pn532.await_looks(3)
        pn532.unplug()
        said, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert "since the device is gone" in said
    replay(read_trace(path))


def test_what_cannot_be_recorded_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    missing = main(["serial_scanner", str(tmp_path / "nothing"), "--to", str(path)])
    assert missing is not None
    assert missing.startswith("nothing was written: ")
    assert main(["pn532", "not a path", "--to", str(path)]) == (
        "the reader pn532 needs the path of its device, such as /dev/serial0, not 'not a path'"
    )
    assert not path.exists()
    path.touch()
    assert main(["pn532", "/dev/null", "--to", str(path)]) == f"{path} is there already"


def test_a_camera_is_not_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["camera", "/dev/video0", "--to", str(tmp_path / "trace.jsonl")])
    assert "choose from" in capsys.readouterr().err


def test_a_driver_that_asks_something_else_is_told_with_the_line() -> None:
    trace = read_trace(TRACES / "emulated_pn532.jsonl")
    at = next(
        at
        for at, item in enumerate(trace.items)
        if isinstance(item, To) and item.said == "d44a0100"
    )
    items = [*trace.items[:at], To(0.0, "d44a0103"), *trace.items[at + 1 :]]
    with pytest.raises(ReplayDiffersError, match=f"line {at + 2}: the driver asks d44a0100"):
        replay(replace(trace, items=items))


def test_a_pcsc_reader_that_is_asked_something_else_is_told_with_the_line() -> None:
    trace = read_trace(TRACES / "emulated_pcsc.jsonl")
    at = next(at for at, item in enumerate(trace.items) if isinstance(item, Asked))
    items = [*trace.items[:at], Asked(0.0, "ffca010000", "9000"), *trace.items[at + 1 :]]
    with pytest.raises(ReplayDiffersError, match=f"line {at + 2}: the reader asks ffca000000"):
        replay(replace(trace, items=items))


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_driver_that_makes_something_else_of_a_device_is_told(path: Path) -> None:
    trace = read_trace(path)
    at = next(at for at, line in enumerate(trace.expected) if line.event == "Presented")
    other = expected(Presented("hall", SignedCode("TS1:OTHER")), trace.expected[at].after)
    lines = [*trace.expected[:at], other, *trace.expected[at + 1 :]]
    with pytest.raises(ReplayDiffersError, match="told Presented"):
        replay(replace(trace, expected=lines))


@pytest.mark.deep
def test_everything_that_can_be_held_to_a_reader_can_be_recorded_and_replayed(
    tmp_path: Path,
) -> None:
    recordings = {
        "pn532": emulated.pn532(
            *(card for _, card, _ in (*CARD_OUTCOMES, *OLDEST, *OUTCOMES_OF_TWO))
        ),
        "pcsc": emulated.pcsc(*(card for _, card, _ in CARD_OUTCOMES)),
        "serial": emulated.serial_scanner(*(said for _, said, _ in SerialScannerBench.OUTCOMES)),
    }
    for name, (recorded, told) in recordings.items():
        keep(recorded, tmp_path / name)
        kept = read_trace(tmp_path / name)
        replay(kept)
        again = [shape(line.told()) for line in kept.expected]
        assert again[1:] == [shape(event) for event in told]
