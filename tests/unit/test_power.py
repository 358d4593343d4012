"""The switches of a USB port, as files that anybody may write."""

from pathlib import Path

import pytest

from kiosk.readers.power import OFF_SECONDS, usb_port

ON = {"authorized": "1", "disable": "0"}
OFF = {"authorized": "0", "disable": "1"}


@pytest.fixture(params=["authorized", "disable"])
def switch(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    path.write_text(ON[path.name] + "\n")
    return path


def value(path: Path) -> str:
    return path.read_text().strip()


def no_wait(_seconds: float) -> None:
    """Takes no time."""


def test_the_port_is_off_for_a_while_and_then_on(switch: Path) -> None:
    meanwhile: list[tuple[str, float]] = []
    usb_port(str(switch), lambda seconds: meanwhile.append((value(switch), seconds)))()
    assert meanwhile == [(OFF[switch.name], OFF_SECONDS)]
    assert value(switch) == ON[switch.name]


def test_a_port_that_was_left_off_is_on_afterwards(switch: Path) -> None:
    switch.write_text(OFF[switch.name])
    usb_port(str(switch), no_wait)()
    assert value(switch) == ON[switch.name]


def test_a_port_is_not_left_off_when_the_waiting_ends_early(switch: Path) -> None:
    def is_told_to_end(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        usb_port(str(switch), is_told_to_end)()
    assert value(switch) == ON[switch.name]


def test_a_switch_that_is_not_there_is_told_and_not_made(switch: Path) -> None:
    switch.unlink()
    with pytest.raises(FileNotFoundError, match="is the device in another port") as caught:
        usb_port(str(switch), no_wait)()
    assert caught.value.filename == str(switch)
    assert not switch.exists()


def test_a_device_that_is_pulled_out_meanwhile_is_switched_on_the_next_time(switch: Path) -> None:
    with pytest.raises(FileNotFoundError):
        usb_port(str(switch), lambda _: switch.unlink())()
    switch.write_text(OFF[switch.name])
    usb_port(str(switch), no_wait)()
    assert value(switch) == ON[switch.name]


def test_a_switch_that_may_not_be_used_says_what_allows_it(tmp_path: Path) -> None:
    """An attribute of sysfs that nobody may write, root included."""
    switch = tmp_path / "authorized"
    switch.symlink_to("/sys/kernel/uevent_seqnum")
    with pytest.raises(OSError, match="may not be used: allow it by the udev rule of HARDWARE"):
        usb_port(str(switch), no_wait)()


def test_a_switch_that_does_not_work_says_why(tmp_path: Path) -> None:
    (tmp_path / "authorized").mkdir()
    with pytest.raises(OSError, match="the USB port's switch does not work: Is a directory"):
        usb_port(str(tmp_path / "authorized"), no_wait)()


@pytest.mark.parametrize(
    "path",
    [
        "",
        "authorized",
        "/sys/power/state",
        "/sys/bus/usb/devices/1-1/authorized_default",
        "/sys/bus/usb/devices/1 1/authorized",
        "/sys/bus/usb/devices/1-1/authorized\n",
    ],
)
def test_what_is_no_switch_is_refused_before_it_is_used(path: str) -> None:
    with pytest.raises(ValueError, match="needs the path of a USB port's switch, such as /sys/bus"):
        usb_port(path)
