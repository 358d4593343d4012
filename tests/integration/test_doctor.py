"""The doctor on an emulated kiosk: every part as it should be, and each one missing in its turn."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from kiosk.doctor import attached, readers
from kiosk.doctor.examination import examine
from kiosk.doctor.finding import State
from tests.fakes.machine import put
from tests.hardware_mocks.card_model import card_with_text
from tests.hardware_mocks.pcscd import Pcscd
from tests.integration.doctor_stand import ALARM, AMBER, BUTTON, BUZZER, RED, Stand, Stranger
from tests.integration.scripted_broker import Script, ScriptedBroker


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with ExitStack() as stack:
        yield Stand(tmp_path, stack)


def test_a_kiosk_that_lacks_nothing_is_found_fine_and_left_as_it_was(stand: Stand) -> None:
    findings = stand.findings()
    assert [one for one in findings if one.state is not State.OK] == []
    assert [one.name for one in findings if one.part == "reader"] == [
        "hall",
        "pcsc",
        "serial_scanner",
        "camera",
    ]
    told = {(one.part, one.name): one.found for one in findings}
    assert told["attached", "pcscd"] == "pcscd serves: Tilstede Virtual PICC 00 00"
    assert told["camera", "camera"].startswith("1280x720, brightness ")
    assert told["broker", ""] == f"127.0.0.1:{stand.broker.port} takes this kiosk in"
    assert {line.state for line in stand.chip.lines} == {"free"}
    assert not (stand.home.folder / "data").exists()
    again = stand.findings()
    assert [one for one in again if one.state is not State.OK] == []


def test_a_reader_whose_cable_is_out_is_named(stand: Stand) -> None:
    stand.pn532.unplug()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "hall")


def test_a_scanner_whose_cable_is_out_is_named(stand: Stand) -> None:
    stand.scanner.unplug()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "serial_scanner")


def test_a_usb_reader_that_is_out_is_named(stand: Stand) -> None:
    stand.pcscd.readers[0].unplug()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "pcsc")
    assert fault.found.startswith("it does not work: the reader ")


def test_a_pcscd_that_does_not_run_is_named(stand: Stand) -> None:
    stand.pcscd.stop()
    bad = [one for one in stand.findings() if one.state is not State.OK]
    assert [(one.part, one.name) for one in bad] == [("reader", "pcsc"), ("attached", "pcscd")]
    assert all("systemctl start pcscd.socket" in one.found for one in bad)
    assert {one.state for one in bad} == {State.FAULT}


def test_a_pcscd_that_serves_nothing_is_named(stand: Stand) -> None:
    config = stand.config()
    stand.pcscd.stop()
    with Pcscd(names=()):
        [fault] = attached.smart_card_readers(stand.machine, config)
    assert (fault.state, fault.found) == (State.FAULT, "pcscd serves no reader")


def test_a_camera_that_is_out_is_named(stand: Stand) -> None:
    stand.camera.unlink()
    fault = stand.only_fault()
    assert (fault.part, fault.name) == ("reader", "camera")


@pytest.mark.parametrize(
    ("grey", "size", "state", "found"),
    [
        (0, (720, 1280), State.FAULT, "black"),
        (128, (720, 1280), State.WARN, "shows nothing"),
        (None, (480, 640), State.WARN, "small"),
        (20, (720, 1280), State.WARN, "shows nothing"),
    ],
)
def test_a_picture_that_shows_no_codes_is_named(
    stand: Stand, grey: int | None, size: tuple[int, int], state: State, found: str
) -> None:
    frame = np.full(size, grey or 0, np.uint8)
    if grey is None:
        frame[::2] = 255
    stand.show(frame)
    [finding] = [one for one in stand.findings() if one.state is not State.OK]
    assert (finding.part, finding.state) == ("camera", state)
    assert found in finding.found


def test_a_pin_that_another_program_has_is_named(stand: Stand) -> None:
    stand.chip.busy.add(RED)
    fault = stand.only_fault()
    assert fault.part == "lamps"
    assert "GPIO busy" in fault.found


def test_a_fire_alarm_whose_wire_is_cut_is_named(stand: Stand) -> None:
    stand.chip.let_go(ALARM)
    assert stand.only_fault().part == "fire alarm"


def test_a_broker_that_is_away_is_named(stand: Stand) -> None:
    stand.broker.stop()
    fault = stand.only_fault()
    assert fault.part == "broker"
    assert "Connection refused" in fault.found


def test_a_broker_that_does_not_take_the_kiosk_in_is_named(stand: Stand) -> None:
    refusing = ScriptedBroker(Script(connack=0x87))
    try:
        findings = list(examine(stand.config(refusing.port), stand.machine))
    finally:
        refusing.stop()
    [fault] = [one for one in findings if one.state is not State.OK]
    assert fault.part == "broker"
    assert "refused the connection: Not authorized" in fault.found
    assert "server.password" in fault.mend


def test_a_reader_that_says_nothing_at_all_is_given_up(stand: Stand) -> None:
    config = next(one for one in stand.config().readers if one.family == "pcsc")
    stand.pcscd.freeze()
    try:
        [fault] = readers.reader(stand.machine, config, None, seconds=0.5)
    finally:
        stand.pcscd.thaw()
    assert fault.state is State.FAULT
    assert fault.found.startswith("it has said nothing")


def test_what_takes_readers_from_pcscd_and_what_must_not_serve_it_is_told(stand: Stand) -> None:
    put(stand.machine.root, "/proc/modules", "pn533_usb 1 0 - Live 0x0\nnfc 1 0 - Live 0x0\n")
    put(stand.machine.root, "/etc/reader.conf.d/vpcd", "")
    bad = [one for one in stand.findings() if one.state is not State.OK]
    assert [(one.name, one.state) for one in bad] == [
        ("modules", State.WARN),
        ("vpcd", State.FAULT),
    ]
    assert "pn533_usb, nfc" in bad[0].found


def test_a_port_that_somebody_keeps_without_listening_is_named(stand: Stand) -> None:
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", stand.port))
        fault = stand.only_fault()
    assert (fault.part, fault.name) == ("screen", "page")
    assert "Address already in use" in fault.found


def test_a_port_that_another_program_has_is_named(stand: Stand) -> None:
    with Stranger(stand.port):
        fault = stand.only_fault()
    assert (fault.part, fault.name) == ("screen", "page")
    assert f"another program has port {stand.port}" in fault.found


def test_whoever_tries_everything_sees_lamps_hears_sounds_and_holds_a_card(stand: Stand) -> None:
    asked: list[str] = []

    def say(what: str) -> None:
        asked.append(what)
        if "'hall'" in what:
            stand.pn532.hold(card_with_text(stand.home.code()))
        elif "'pcsc'" in what:
            stand.pcscd.readers[0].hold(card_with_text("TS1:"))
        elif "'serial_scanner'" in what:
            stand.scanner.hold(b"https://example.org/\r")
        elif "button" in what:
            stand.chip.bounce(BUTTON, grounded=True)
            stand.chip.pass_time(0.1)
            stand.chip.bounce(BUTTON, grounded=False)
            stand.chip.pass_time(0.1)

    told = {(one.part, one.name): one for one in examine(stand.config(), stand.machine, say)}
    assert len(asked) == 10
    assert told["reader", "hall card"].found.startswith("a card with our code was read")
    assert told["reader", "camera card"].found.startswith("a card with our code was read")
    assert told["reader", "serial_scanner card"].state is State.WARN
    assert told["button", ""].state is State.OK
    assert "out 1" in stand.chip.lines[AMBER].states
    assert "out 1" in stand.chip.lines[RED].states
    tones = {state for state in stand.chip.lines[BUZZER].states if state.startswith("tone")}
    assert {"tone 660", "tone 990", "tone 520", "tone 1800"} <= tones
    assert stand.home.code() not in str(told)
