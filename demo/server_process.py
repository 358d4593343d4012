"""The real server as a process of the desk, on the desk's clock. Reports when it is ready."""

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from demo.clock import DeskClock
from demo.sample import Person, Sample, load
from demo.sample.chips import PocketChip, add_chips, write_policies
from demo.sample.visiting import ZONE
from presence import admission
from server import run
from server.config import Config, own_database
from server.gateway.answers import Decide
from server.keys import open_keys
from server.people.models import Volunteer
from server.policies import files
from server.policies.services import keep

KEYS_SINCE = timedelta(days=5 * 365)
POLICIES = "policies"
"""The folder of the society's own policy, in the server's data."""


def main(arguments: Sequence[str] | None = None, decide: Decide = admission.decide) -> int:
    """Serve until SIGTERM. `decide` is an argument so that a test can hand in a broken rule."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    clock = DeskClock(asked.clock)
    data: Path = asked.data
    write_policies(data / POLICIES, clock.now().astimezone(ZONE).date())
    config = Config(
        data=data,
        database=own_database(data),
        frame_ancestors=tuple(asked.frame_ancestor),
        web_port=asked.web_port,
        policies=data / POLICIES,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # The branch has had its keys for years, for its people have had their cards for years.
    open_keys(data / "keys", clock.now() - KEYS_SINCE)
    running = run.build(config, clock=clock.now, decide=decide)
    with Session(running.engine) as session, session.begin():
        cast = _cast(session, clock.now(), running, asked.sample)
    running.start()
    _report(running, cast)
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


def _cast(
    session: Session, now: datetime, running: run.Running, size: str
) -> dict[str, dict[str, str]]:
    """What there is to know of everybody in the stories. Nothing where the database holds the
    sample already, from an earlier life of this server."""
    if session.scalar(sa.select(sa.func.count()).select_from(Volunteer)):
        return {}
    sample: Sample = load(session, now, running.keys.card, "city" if size == "city" else "story")
    # The sample has brought the shipped policies with it.
    keep(session, now, files.read_all(running.config.policies))
    chips: Mapping[str, PocketChip] = add_chips(session, now, running.keys.chips, sample)
    return {key: _told(one, chips.get(key)) for key, one in sample.cast.items()}


def _report(running: run.Running, cast: dict[str, dict[str, str]]) -> None:
    ready = {
        "kind": "ready",
        "url": running.url,
        "broker_port": running.broker_address[1],
        "cast": cast,
    }
    print(json.dumps(ready), flush=True)


def _told(person: Person, chip: PocketChip | None) -> dict[str, str]:
    told = {
        "volunteer": person.volunteer_id,
        "first_name": person.first_name,
        "card": person.card_id,
        "code": person.code_text,
    }
    return told if chip is None else {**told, "chip": chip.kind, "uid": chip.uid.hex()}


if __name__ == "__main__":
    sys.exit(main())
