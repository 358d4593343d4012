"""The supervised broker."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from server import broker as broker_module
from server.broker import Broker, BrokerError


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait_until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    never = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        never.wait(0.02)
    return False


def test_it_accepts_connections_once_started_and_none_once_stopped(tmp_path: Path) -> None:
    with Broker(tmp_path) as running:
        assert _accepts(running.port)
        pid = running.pid
    assert not _accepts(running.port)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_two_brokers_take_two_ports(tmp_path: Path) -> None:
    with Broker(tmp_path / "a") as one, Broker(tmp_path / "b") as other:
        assert one.port != other.port


def test_a_killed_broker_comes_back_on_the_same_port(broker: Broker) -> None:
    before = broker.pid
    broker.kill()
    assert _wait_until(lambda: broker.pid != before and _accepts(broker.port))


def test_an_aborted_parent_leaves_no_broker_behind(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, server.broker as b\n"
        "broker = b.Broker(pathlib.Path(sys.argv[1])); broker.start()\n"
        "print(broker.pid, broker.port, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        _, port = map(int, parent.stdout.readline().split())
        assert _accepts(port)
        parent.kill()
    assert _wait_until(lambda: not _accepts(port))


def test_a_port_in_use_is_an_error_that_names_it(tmp_path: Path, broker: Broker) -> None:
    with pytest.raises(BrokerError, match=str(broker.port)):
        Broker(tmp_path / "second", broker.port).start()


def test_a_missing_program_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(BrokerError, match="apt-get install no-such-broker"):
        broker_module._find("no-such-broker")
