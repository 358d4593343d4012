"""The real server as a process of the desk, on the desk's clock. Reports when it is ready."""

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from demo.clock import DeskClock
from demo.sample import Person, Sample, load
from presence import admission
from server import run
from server.config import Config, own_database
from server.gateway.answers import Decide
from server.keys import open_keys
from server.people.models import Volunteer

KEYS_SINCE = timedelta(days=5 * 365)


def main(arguments: Sequence[str] | None = None, decide: Decide = admission.decide) -> int:
    """Serve until SIGTERM. `decide` is an argument so that a test can hand in a broken rule."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    clock = DeskClock(asked.clock)
    data: Path = asked.data
    config = Config(
        data=data,
        database=own_database(data),
        frame_ancestors=tuple(asked.frame_ancestor),
        web_port=asked.web_port,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # The branch has had its keys for years, for its people have had their cards for years.
    open_keys(data / "keys", clock.now() - KEYS_SINCE)
    running = run.build(config, clock=clock.now, decide=decide)
    with Session(running.engine) as session, session.begin():
        sample = _sample(session, clock.now(), running, asked.sample)
    running.start()
    _report(running, sample)
    try:
        while not stop.wait(1):
            if not running.is_alive:
                return 1
        return 0
    finally:
        running.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clock", type=Path, required=True)
    parser.add_argument("--sample", choices=("city", "story"), required=True)
    parser.add_argument("--web-port", type=int, default=0)
    parser.add_argument("--frame-ancestor", action="append", default=[])
    return parser


def _sample(session: Session, now: datetime, running: run.Running, size: str) -> Sample | None:
    """None: the database holds it already, from an earlier life of this server."""
    if session.scalar(sa.select(sa.func.count()).select_from(Volunteer)):
        return None
    return load(session, now, running.keys.card, "city" if size == "city" else "story")


def _report(running: run.Running, sample: Sample | None) -> None:
    people = {} if sample is None else {key: _told(one) for key, one in sample.cast.items()}
    ready = {
        "kind": "ready",
        "url": running.url,
        "broker_port": running.broker_address[1],
        "cast": people,
    }
    print(json.dumps(ready), flush=True)


def _told(person: Person) -> dict[str, str]:
    return {
        "volunteer": person.volunteer_id,
        "first_name": person.first_name,
        "card": person.card_id,
        "code": person.code_text,
    }


if __name__ == "__main__":
    sys.exit(main())
