"""`python -m demo.story`: plays the story; exit code 0 only if all was as it should be."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from pathlib import Path

from demo.child import ChildError
from demo.desk import Desk, Programs
from demo.eyes import NotSeenError
from demo.story.book import Book
from demo.story.briefing import a_first_tap_shows_the_briefing
from demo.story.ledger import Ledger
from demo.story.network import the_network_is_lost_and_comes_back
from demo.story.power import the_power_is_cut_after_a_tap
from demo.story.refusal import a_lost_card_is_refused
from demo.story.repeat import a_repeat_visit_needs_no_touch
from demo.story.stage import DAY, ZONE, Stage, is_online

Scenario = Callable[[Stage], None]
SCENARIOS: Mapping[str, tuple[str, Scenario]] = {
    "4": ("Scenario 4: a card reported lost is refused", a_lost_card_is_refused),
    "1": ("Scenario 1: a first tap shows the briefing", a_first_tap_shows_the_briefing),
    "2": ("Scenario 2: a repeat visit needs no touch", a_repeat_visit_needs_no_touch),
    "network": ("The network is lost and comes back", the_network_is_lost_and_comes_back),
    "10": ("Scenario 10: the power is cut 300 ms after a tap", the_power_is_cut_after_a_tap),
}
"""In the order of the story's day."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the process's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiosk", default=Programs().kiosk, help="module run as the kiosk")
    parser.add_argument("--server", default=Programs().server, help="module run as the server")
    parser.add_argument("--only", choices=SCENARIOS, help="play this scenario alone")
    asked = parser.parse_args(arguments)
    wanted = [asked.only] if asked.only else list(SCENARIOS)
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="tilstede-story-") as directory:
        book = play(Path(directory), Programs(asked.kiosk, asked.server), wanted, print)
    faults = len(book.faults)
    print(f"\n{len(book.lines)} lines, {faults} not as they should be.")
    return 1 if faults else 0


def play(
    directory: Path, programs: Programs, wanted: Sequence[str], write: Callable[[str], object]
) -> Book:
    """Play the wanted scenarios, one after the other, on one desk."""
    start = datetime.combine(DAY, time(8, 55), ZONE)
    with Desk(directory, "story", programs=programs, start_at=start) as desk:
        book = Book(lambda: desk.clock.now().astimezone(ZONE), write)
        stage = Stage(desk, book, Ledger(directory / "server" / "tilstede.sqlite3", start))
        try:
            stage.eyes.wait_for(is_online, "resting screen")
            for name in wanted:
                _play_one(stage, *SCENARIOS[name])
        finally:
            stage.close()
    return book


def _play_one(stage: Stage, title: str, scenario: Scenario) -> None:
    """A scenario that cannot go on is a fault; the next one is played all the same."""
    stage.book.begin(title)
    try:
        scenario(stage)
    except (NotSeenError, ChildError, TimeoutError) as error:
        stage.book.fail("story", "cannot go on", str(error))
        stage.recover()


if __name__ == "__main__":
    sys.exit(main())
