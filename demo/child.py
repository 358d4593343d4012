"""A process of the desk: started, listened to, and stopped by its process id."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Report = dict[str, Any]
START_SECONDS = 60.0
STOP_SECONDS = 10.0


class ChildError(RuntimeError):
    """A process of the desk did not do what it must; the message says where to look."""


class Child:
    """One of our programs as a process of its own. What it reports, a JSON object a line on its
    standard output, is kept in order; what it logs goes to a file."""

    def __init__(self, module: str, arguments: list[str], log: Path) -> None:
        self.name = module
        self.reports: list[Report] = []
        self._arguments = arguments
        self._log = log
        self._news = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._listeners: list[Callable[[Report], None]] = []

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def on_report(self, listener: Callable[[Report], None]) -> None:
        """Call `listener` with every report, from the listening thread."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Start it (again). It is up when it says so by a report: see `wait_for`."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    "setpriv",
                    "--pdeathsig",
                    "KILL",
                    sys.executable,
                    "-m",
                    self.name,
                    *self._arguments,
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._listener = threading.Thread(
            target=self._listen, args=(self._process,), name=self.name, daemon=True
        )
        self._listener.start()

    def tell(self, line: str) -> None:
        """Write one line to its standard input."""
        if self._process is None or self._process.stdin is None:
            raise ChildError(f"{self.name} is not running")
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def wait_for(
        self, wanted: Callable[[Report], bool], what: str, seconds: float, since: int = 0
    ) -> Report:
        """The first report from number `since` on that is `wanted`. Raises ChildError."""
        seen = since

        def arrived() -> Report | None:
            nonlocal seen
            for report in self.reports[seen:]:
                seen += 1
                if wanted(report):
                    return report
            return None

        with self._news:
            found = self._news.wait_for(lambda: arrived() or self._is_over(), seconds)
        if isinstance(found, dict):
            return found
        ended = " It has ended." if self._is_over() else ""
        raise ChildError(f"{self.name}: no {what} within {seconds} s.{ended} Its log: {self._log}")

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait. May be called twice."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process = self._process
        if process is None or self._listener is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise ChildError(f"{self.name} did not end when asked to. Log: {self._log}") from error
        finally:
            self._listener.join()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _is_over(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _listen(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            raise ChildError(f"{self.name} has no output")
        for line in process.stdout:
            report = json.loads(line)
            with self._news:
                self.reports.append(report)
                self._news.notify_all()
            for listener in self._listeners:
                listener(report)
        with self._news:
            self._news.notify_all()


def is_ready(report: Report) -> bool:
    """The program has started and serves."""
    return bool(report["kind"] == "ready")
