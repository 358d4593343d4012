"""`python -m demo.story`: plays the story; exit code 0 only if all was as it should be."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from demo.child import ChildError
from demo.desk import Desk, Programs
from demo.eyes import NotSeenError
from demo.story.alarm import the_fire_alarm_is_raised
from demo.story.book import Book, FaultFound
from demo.story.briefing import a_first_tap_shows_the_briefing
from demo.story.clones import a_copy_is_worth_what_was_copied, an_old_chip_has_its_last_day
from demo.story.courses import a_course_may_be_missing_for_a_year
from demo.story.dogs import a_dog_goes_where_it_is_approved
from demo.story.eighteen import no_card_is_issued_before_the_birthday
from demo.story.expired import an_expired_card_is_renewed_after_a_conversation
from demo.story.forgotten import two_check_outs_are_forgotten
from demo.story.ledger import Ledger
from demo.story.mistakes import other_things_are_held_up
from demo.story.network import the_network_is_lost_and_comes_back
from demo.story.news import only_the_news_are_read
from demo.story.office import Office
from demo.story.photograph import a_photographed_code_is_refused_elsewhere
from demo.story.power import the_power_is_cut_after_a_tap
from demo.story.reader import the_reader_hangs_and_the_camera_serves
from demo.story.refusal import a_lost_card_is_refused
from demo.story.renewal import (
    a_card_with_thirty_days_left_is_told_once_a_day,
    the_next_day_it_is_told_again,
)
from demo.story.repeat import a_repeat_visit_needs_no_touch
from demo.story.replays import (
    a_message_is_good_for_one_presentation,
    a_replay_is_found_out_afterwards,
)
from demo.story.second_home import a_second_home_on_the_same_day
from demo.story.silence import a_kiosk_is_alone_for_a_month
from demo.story.stage import DAY, HOMES, ZONE, Party, Stage, is_online, stages
from demo.story.stolen import a_stolen_card_is_of_no_use


@dataclass(frozen=True, slots=True)
class Act:
    """A scenario, or what happens of it on one day."""

    scenario: str
    title: str
    play: Callable[[Stage], None]


STORY: Sequence[Act] = (
    Act("4", "a card reported lost is refused", a_lost_card_is_refused),
    Act("1", "a first tap shows the briefing", a_first_tap_shows_the_briefing),
    Act("2", "a repeat visit needs no touch", a_repeat_visit_needs_no_touch),
    Act("network", "the network is lost and comes back", the_network_is_lost_and_comes_back),
    Act("10", "the power is cut 300 ms after a tap", the_power_is_cut_after_a_tap),
    Act("5", "a card expired yesterday", an_expired_card_is_renewed_after_a_conversation),
    Act("6", "a card with 30 days left", a_card_with_thirty_days_left_is_told_once_a_day),
    Act("7", "born on 25 November 2008", no_card_is_issued_before_the_birthday),
    Act("6", "the same, the next day", the_next_day_it_is_told_again),
    Act("14", "a photographed code", a_photographed_code_is_refused_elsewhere),
    Act("13", "a second home on the same day", a_second_home_on_the_same_day),
    Act("11", "two check-outs are forgotten", two_check_outs_are_forgotten),
    Act("14", "a chip's message played again", a_message_is_good_for_one_presentation),
    Act("cloned", "copied cards", a_copy_is_worth_what_was_copied),
    Act("stolen", "a stolen card", a_stolen_card_is_of_no_use),
    Act("replayed", "a copy at a kiosk that is alone", a_replay_is_found_out_afterwards),
    Act("9", "a dog comes along", a_dog_goes_where_it_is_approved),
    Act("mistake", "something else is held up", other_things_are_held_up),
    Act("reader", "the reader hangs", the_reader_hangs_and_the_camera_serves),
    Act("alarm", "the fire alarm", the_fire_alarm_is_raised),
    Act("12", "a new version of the briefing", only_the_news_are_read),
    Act("23", "a kiosk is alone for a month", a_kiosk_is_alone_for_a_month),
    Act("cloned", "an old chip after its last day", an_old_chip_has_its_last_day),
    Act("8", "a course is missing", a_course_may_be_missing_for_a_year),
)
"""By the clock. Whatever is left out, the rest can be played."""
PATIENCE, HASTE = 20.0, 8.0
"""Seconds to wait for what should come. Where a fault is looked for, less."""
SCENARIOS = tuple(dict.fromkeys(act.scenario for act in STORY))


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the process's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiosk", default=Programs().kiosk, help="module run as the kiosk")
    parser.add_argument("--server", default=Programs().server, help="module run as the server")
    parser.add_argument("--only", choices=SCENARIOS, help="play this scenario alone")
    parser.add_argument(
        "--until-fault",
        action="store_true",
        help="end with the first line that is not as it should be",
    )
    asked = parser.parse_args(arguments)
    wanted = [act for act in STORY if asked.only in (None, act.scenario)]
    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="tilstede-story-") as directory:
        programs = Programs(asked.kiosk, asked.server)
        book = play(Path(directory), programs, wanted, print, until_fault=asked.until_fault)
    faults = len(book.faults)
    print(f"\n{len(book.lines)} lines, {faults} not as they should be.")
    return 1 if faults else 0


def play(
    directory: Path,
    programs: Programs,
    wanted: Sequence[Act],
    write: Callable[[str], object],
    *,
    until_fault: bool = False,
) -> Book:
    """Play the wanted acts, one after the other, on one desk."""
    start = datetime.combine(DAY, time(8, 55), ZONE)
    database = directory / "server" / "tilstede.sqlite3"
    with ExitStack() as stack:
        desk = stack.enter_context(
            Desk(directory, "story", homes=HOMES, programs=programs, start_at=start)
        )
        book = Book(lambda: desk.clock.now().astimezone(ZONE), write, ends_with_fault=until_fault)
        patience = HASTE if until_fault else PATIENCE
        ledger = stack.enter_context(closing(Ledger(database, start, patience)))
        office = stack.enter_context(closing(Office(directory / "server", desk.clock)))
        found = stages(Party(desk, book, ledger, desk.staff(), office))
        for stage in found.values():
            stack.callback(stage.close)
            stage.eyes.wait_for(is_online, "resting screen")
        with suppress(FaultFound):
            for act in wanted:
                _play_one(found[HOMES[0]], act)
    return book


def _play_one(stage: Stage, act: Act) -> None:
    """An act that cannot go on is a fault; the next one is played all the same."""
    number = f"Scenario {act.scenario}: " if act.scenario.isdigit() else ""
    title = f"{number}{act.title}"
    stage.book.begin(title[0].upper() + title[1:])
    try:
        act.play(stage)
    except (NotSeenError, ChildError, TimeoutError) as error:
        stage.book.fail("story", "cannot go on", str(error))
        for one in stage.others.values():
            one.recover()
        stage.later(minutes=5)


if __name__ == "__main__":
    sys.exit(main())
