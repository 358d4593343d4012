"""The server as one process: it comes up, serves, and goes when told to."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server import schema
from server.config import BrokerAddress, Config, own_database
from server.db import writing
from server.run import Running, build
from tests.databases import Databases
from tests.integration.server_stand import NOW, WAIT, RawKiosk, code, question, seed

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def write_config(folder: Path, extra: str = "") -> Path:
    path = folder / "server.toml"
    text = (
        f'[data]\ndirectory = "{folder / "data"}"\n'
        f"[web]\nport = {free_port()}\n"
        f"[broker]\nport = {free_port()}\n{extra}"
    )
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "server.cli", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def config(folder: Path) -> Config:
    return Config(data=folder, database=own_database(folder), broker=BrokerAddress())


@contextmanager
def started(folder: Path) -> Iterator[Running]:
    running = build(config(folder), clock=lambda: NOW)
    with writing(running.engine) as session, session.begin():
        seed(session)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_says_where_it_is_and_stops_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    path = write_config(tmp_path)
    with process("run", "--config", str(path)) as server:
        assert server.stdout is not None
        url = server.stdout.readline().removeprefix("The pages are at ").strip()
        with urllib.request.urlopen(url, timeout=WAIT) as page:
            assert page.status == 200
        server.send_signal(number)
        assert server.wait(15) == 0
    database = tmp_path / "data" / "tilstede.sqlite3"
    assert database.stat().st_mode & 0o077 == 0


def test_upgrade_makes_the_tables_and_ends(databases: Databases, tmp_path: Path) -> None:
    url = databases.empty()
    path = write_config(tmp_path, f'[database]\nurl = "{url.render_as_string(False)}"\n')
    with process("upgrade", "--config", str(path)) as server:
        assert server.wait(30) == 0
    with databases.engine(url) as engine:
        schema.check(engine)


@pytest.mark.parametrize("command", ["run", "upgrade"])
def test_a_database_that_is_not_there_is_told_without_its_password(
    tmp_path: Path, command: str
) -> None:
    url = f"postgresql://someone:secret@127.0.0.1:{free_port()}/homes"
    path = write_config(tmp_path, f'[database]\nurl = "{url}"\n')
    with process(command, "--config", str(path)) as server:
        _, told = server.communicate(timeout=30)
    assert server.returncode == 1
    assert "the database postgresql://someone:***@127.0.0.1" in told
    assert "Connection refused; see that it is there, and that [database] url names it" in told
    assert "secret" not in told
    assert "Traceback" not in told


def test_a_web_address_that_is_taken_is_told_and_ends_the_program(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        path = tmp_path / "server.toml"
        text = (
            f'[data]\ndirectory = "{tmp_path / "data"}"\n'
            f"[web]\nport = {taken.getsockname()[1]}\n[broker]\nport = {free_port()}\n"
        )
        path.write_text(text, encoding="utf-8")
        with process("run", "--config", str(path)) as server:
            _, told = server.communicate(timeout=20)
    assert server.returncode == 1
    assert "Address already in use" in told
    assert "Traceback" not in told


def test_broker_gateway_and_pages_are_one_program(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        assert running.gateway is not None
        assert running.gateway.wire.wait_ready(WAIT)
        with RawKiosk(running.broker_address[1]) as kiosk:
            kiosk.ask(question(code(running.keys, 0)))
        with urllib.request.urlopen(running.url, timeout=WAIT) as page:
            headers = page.headers
        lives = [running.is_alive]
    lives.append(running.is_alive)
    assert lives == [True, False]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_what_was_stopped_can_be_stopped_again(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        pass
    running.stop()


def test_no_server_is_built_for_an_address_that_others_can_reach(tmp_path: Path) -> None:
    reachable = Config(data=tmp_path, database=own_database(tmp_path), web_host="0.0.0.0")
    with pytest.raises(ValueError, match="sign in"):
        build(reachable)
