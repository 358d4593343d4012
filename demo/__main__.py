"""`python -m demo`: the whole system on this desk, until Ctrl-C."""

import argparse
import logging
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import Flask
from waitress.server import create_server

from demo.child import ChildError
from demo.desk import HOME, Desk
from demo.page import Bench, create_page
from demo.tray import tray

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

THREADS = 12
ZONE = ZoneInfo("Europe/Oslo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the process's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="of the desk's page; 0 takes a free one"
    )
    parser.add_argument("--sample", choices=("city", "story"), default="city")
    parser.add_argument(
        "--at", type=time.fromisoformat, help="begin at this hour of today, as 10:02"
    )
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="tilstede-demo-") as directory:
        try:
            _serve(Path(directory), asked.port, asked.sample, _start(asked.at), stop)
        except (ChildError, OSError) as error:
            print(f"The demo cannot start: {error}", file=sys.stderr)
            for log in sorted(Path(directory).glob("*.log")):
                print(f"--- {log.name}\n{log.read_text()}", file=sys.stderr)
            return 1
    print("Everything has been stopped.")
    return 0


def _start(hour: time | None) -> datetime | None:
    """Today at that hour at the home; None: now."""
    return None if hour is None else datetime.combine(datetime.now(ZONE).date(), hour, ZONE)


class _Later:
    """A WSGI application that comes when the desk stands; until then there is nothing to see."""

    page: Flask | None = None

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self.page is None:
            start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"The desk is being set up."]
        return self.page(environ, start_response)


def _serve(
    directory: Path, port: int, sample: str, start_at: datetime | None, stop: threading.Event
) -> None:
    sockets: dict[int, Any] = {}
    # Bound first: the kiosk and the server are told which page may show them in a frame.
    app = _Later()
    web: Any = create_server(app, map=sockets, host="127.0.0.1", port=port, threads=THREADS)
    url = f"http://127.0.0.1:{web.effective_port}/"
    print("Starting broker, server and kiosk, with a year of invented visits…", flush=True)
    doctor = f"{Path(sys.executable).with_name('tilstede')} doctor"
    with Desk(directory, sample, start_at=start_at, frame_ancestor=url.rstrip("/")) as desk:
        app.page = create_page(Bench(desk, tray(desk.cast)))
        threading.Thread(target=web.run, name="desk page", daemon=True).start()
        print(
            f"\n  The desk        {url}"
            f"\n  Kiosk's screen  {desk.door.url}"
            f"\n  Staff board     {desk.server_url}institutions/{HOME}/board"
            f"\n  Chapter         {desk.server_url}"
            f"\n  Kiosk's doctor  {doctor} --config {desk.door.folder}/kiosk.toml\n"
            "\nOpen the first one. Ctrl-C stops everything.",
            flush=True,
        )
        stop.wait()
        print("\nStopping…", flush=True)


if __name__ == "__main__":
    sys.exit(main())
