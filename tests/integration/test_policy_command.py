"""`tilstede-server policy check`, and a server that does not start with a wrong policy."""

import subprocess
import sys
from pathlib import Path

from server import schema
from server.config import own_database
from server.db import make_engine, writing
from server.institutions.models import Society
from server.policies import files
from server.policies.services import keep
from tests.integration.server_stand import NOW
from tests.unit.test_policy_file import SMALLEST


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_says_what_is_in_force_and_what_comes_next(tmp_path: Path) -> None:
    path = tmp_path / "no.toml"
    path.write_text(SMALLEST, encoding="utf-8")
    alone = command("policy", "check", str(path))
    later = SMALLEST.partition("\n")[2].replace("2015-01-01", "2199-12-31")
    path.write_text(SMALLEST + later, encoding="utf-8")
    followed = command("policy", "check", str(path))
    path.write_text(SMALLEST.replace("2015-01-01", "2199-12-31"), encoding="utf-8")
    not_yet = command("policy", "check", str(path))
    assert [one.returncode for one in (alone, followed, not_yet)] == [0, 0, 0]
    assert alone.stdout.startswith(f"{path}: NO: valid; in force today (")
    assert alone.stdout.endswith(") is the version of 2015-01-01\n")
    assert followed.stdout.endswith(
        ") is the version of 2015-01-01; the next one takes effect on 2199-12-31\n"
    )
    assert not_yet.stdout == (
        f"{path}: NO: valid; the first version, of 2199-12-31, holds before it as well\n"
    )


def test_the_command_tells_every_fault_with_line_and_key(tmp_path: Path) -> None:
    path = tmp_path / "no.toml"
    text = SMALLEST.replace("36", '"long"') + "reminder_days = [7, 30]\nfrogs = 1\n"
    path.write_text(text, encoding="utf-8")
    checked = command("policy", "check", str(path))
    assert (checked.returncode, checked.stdout) == (1, "")
    assert checked.stderr.splitlines() == [
        f"{path}:4: version[0].validity_months: must be a whole number from 1 to 120",
        f"{path}:8: version[0].reminder_days: must fall, such as [60, 30, 7]:"
        " days before the last day",
        f"{path}:9: version[0].frogs: unknown key; did you mean from?",
    ]


def test_a_file_that_is_not_there_ends_the_command_with_1(tmp_path: Path) -> None:
    checked = command("policy", "check", str(tmp_path / "no.toml"))
    assert checked.returncode == 1
    assert checked.stderr.startswith(f"{tmp_path}/no.toml: cannot be read: ")


def test_a_server_whose_policies_have_faults_does_not_start(tmp_path: Path) -> None:
    config = _write_config(tmp_path)
    (tmp_path / "no.toml").write_text(SMALLEST.replace("36", "0"), encoding="utf-8")
    started = command("run", "--config", str(config))
    assert started.returncode == 2
    assert started.stderr.splitlines() == [
        f"{tmp_path}/no.toml:4: version[0].validity_months: must be a whole number from 1 to 120"
    ]
    assert not (tmp_path / "data").exists()


def test_a_server_with_a_society_whose_policy_is_gone_does_not_start(tmp_path: Path) -> None:
    config = _write_config(tmp_path)
    (tmp_path / "data").mkdir()
    engine = make_engine(own_database(tmp_path / "data"))
    schema.upgrade(engine)
    with writing(engine) as session, session.begin():
        keep(session, NOW, {"FI": files.shipped()["NO"]})
        session.add(Society(id="finland", name="Ystävätoiminta", policy_id="FI"))
    engine.dispose()
    (tmp_path / "no.toml").write_text(SMALLEST, encoding="utf-8")
    started = command("run", "--config", str(config))
    assert started.returncode == 2
    assert started.stderr.splitlines()[-1] == (
        f"{config}: policies: society finland has the policy FI, which no file has;"
        " choose one of: DK, NO, SE"
    )


def _write_config(folder: Path) -> Path:
    path = folder / "server.config"
    text = f'policies = "{folder}"\n[data]\ndirectory = "{folder / "data"}"\n'
    path.write_text(text, encoding="utf-8")
    return path
