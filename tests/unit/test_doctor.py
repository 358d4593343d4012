"""How findings are gathered and told: nothing that a check does can end the others."""

import argparse
import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import NoReturn

import pytest

from kiosk import cli
from kiosk.doctor.command import run
from kiosk.doctor.examination import made
from kiosk.doctor.finding import About, Check, Finding, State
from kiosk.doctor.machine import Machine
from tests.fakes.machine import healthy

GOOD = About("clock").ok("right")


def check(look: Iterable[Finding], seconds: float = 20) -> Check:
    return Check("clock", "", lambda: look, seconds)


def raising(error: Exception) -> Iterator[Finding]:
    yield GOOD
    raise error


def test_what_a_check_finds_before_it_fails_is_kept_and_the_failure_is_told() -> None:
    good, fault = made(check(raising(KeyError("Kari Nordmann"))))
    assert good == GOOD
    assert fault.state is State.FAULT
    assert fault.found == "this check could not be made: KeyError"
    assert fault.mend


def test_what_the_system_says_is_told_with_it() -> None:
    _, fault = made(check(raising(OSError(errno.EIO, "Input/output error"))))
    assert fault.found.endswith("OSError: [Errno 5] Input/output error")


def test_a_check_that_this_user_may_not_make_says_whose_it_is() -> None:
    _, told = made(check(raising(PermissionError(errno.EACCES, "denied", "/var/lib/tilstede"))))
    assert told.state is State.NOT_CHECKED
    assert told.found == "this user may not: /var/lib/tilstede"
    assert "sudo -u" in told.mend


def test_a_check_that_hangs_is_left_and_told() -> None:
    let_go = threading.Event()

    def hanging() -> Iterator[Finding]:
        let_go.wait()
        yield GOOD

    try:
        [fault] = made(check(hanging(), seconds=0.05))
    finally:
        let_go.set()
    assert fault.state is State.FAULT
    assert "no answer" in fault.found


BROKEN = """\
kiosk = "solbakken-1"
data = "data"
[server]
host = "127.0.0.1"
port = 70000
password = "a secret"
"""


def test_a_broken_configuration_is_told_fault_by_fault_with_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "kiosk.toml"
    config.write_text(BROKEN)
    assert cli.main(["doctor", "--config", str(config)]) == 2
    told = capsys.readouterr().out
    assert "configuration server.port: line 5: must be a whole number from 1 to 65535" in told
    assert "configuration trust: is missing" in told
    assert "2 at fault" in told
    assert "a secret" not in told


def test_a_configuration_that_is_not_there_is_told_as_a_document_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", "--config", str(tmp_path / "none.toml"), "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == {"program", "at", "kiosk", "findings"}
    assert told["kiosk"] == ""
    [finding] = told["findings"]
    assert finding.keys() == {"part", "name", "state", "found", "mend"}
    assert (finding["part"], finding["state"]) == ("configuration", "fault")


def test_whoever_breaks_it_off_gets_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken_off(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    config = tmp_path / "kiosk.toml"
    (tmp_path / "trust.json").touch()
    text = BROKEN.replace("70000", "1883").replace("[server]", 'trust = "trust.json"\n[server]')
    config.write_text(text)
    options = argparse.Namespace(config=config, json=True, is_trying=False)
    assert run(options, healthy(tmp_path, wall=broken_off)) == 1
    assert capsys.readouterr().err == "broken off\n"


# ---- this machine


def test_programs_are_asked_and_none_can_do_harm() -> None:
    machine = Machine()
    assert machine.asked(["echo", "hello"]) == "hello\n"
    assert machine.asked(["false"]) is None
    assert machine.asked(["no-such-program-at-all"]) is None


def test_files_have_an_owner_and_a_group_with_a_name_or_a_number(tmp_path: Path) -> None:
    machine = Machine()
    assert machine.owner_of(tmp_path) in {machine.user(), str(os.getuid())}
    assert machine.group_of(tmp_path)


def test_packages_are_found_by_name_or_else_by_module() -> None:
    machine = Machine()
    assert machine.version("msgspec", "msgspec") == metadata.version("msgspec")
    assert machine.version("no-such-package", "msgspec") == "of some version"
    assert machine.version("no-such-package", "no_such_module") is None


def test_a_machine_that_has_only_what_python_has_can_be_examined() -> None:
    """No driver is loaded before a reader is configured that needs it."""
    drivers = {"nfc", "smartcard", "serial", "evdev", "cv2", "numpy", "picamera2", "lgpio"}
    assert drivers & _imported_by_doctor() == set()


def _imported_by_doctor() -> set[str]:
    program = "import sys, kiosk.doctor.command; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    return set(told.stdout.split())
