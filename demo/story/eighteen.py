"""Scenario 7: somebody turns 18 tomorrow, and somebody else stands in a register."""

from datetime import timedelta

from demo.story.reading import read_briefing
from demo.story.stage import DAY, Stage
from server.cards.services import CardError

NO_COURSE = "a card cannot be issued before these courses: Grunnkurs"
TOO_YOUNG = "a card cannot be valid before its holder is 18 years old"
_HEADER = "first_name;last_name;birth_date;language;chapter;member_since;card_from\n"
_OTHER = "Tone;Ulvik;1961-03-09;nb;Fjordby;2024-01-15;\n"
_YOUNG = "Vilde;Sunde;2008-11-25;nb;Fjordby;2024-01-15;{card_from}\n"


def no_card_is_issued_before_the_birthday(stage: Stage) -> None:
    """Maja was born on 25 November 2008. Vilde, in a file, was born on the same day."""
    book, maja = stage.book, stage.desk.cast["seventeen"]
    stage.it_is(19, 0)
    try:
        why = f"issued: {stage.office.issue(maja).card}"
    except CardError as error:
        why = str(error)
    book.check("chapter", f"cannot give Maja a card today: {why}", why == TOO_YOUNG, why)
    _check_register(stage)
    stage.it_is(8, 0, day=DAY + timedelta(days=1))
    with_card = stage.office.issue(maja)
    book.tell("chapter", "gives her a card on her birthday")
    tap = stage.tap(with_card)
    book.check("screen", f"“{tap.said}”", tap.title == "Velkommen, Maja", tap)
    read_briefing(stage)


def _check_register(stage: Stage) -> None:
    """All of a file, or nothing of it."""
    book = stage.book
    for day, why in (("2026-11-24", TOO_YOUNG), ("2026-11-25", NO_COURSE)):
        refused = stage.office.take_over(_HEADER + _OTHER + _YOUNG.format(card_from=day))
        told = refused.stderr.strip().rpartition("/")[2]
        is_refused = refused.returncode == 1 and told == f"register.csv:3: card_from: {why}"
        book.check("chapter", f"a file with a card from {day}: {told}", is_refused, refused)
    found = _found(stage)
    book.check("chapter", "finds nobody of that file", not found, found)
    taken = stage.office.take_over(_HEADER + _OTHER + _YOUNG.format(card_from=""))
    told = taken.stdout.strip().rpartition("/")[2]
    book.check("chapter", f"without a card: {told}", taken.returncode == 0, taken)
    found = _found(stage)
    book.check("chapter", f"finds {found}", found == ["Tone Ulvik", "Vilde Sunde"], found)


def _found(stage: Stage) -> list[str]:
    """Those of the file whom the chapter's search finds."""
    names = ("Tone Ulvik", "Vilde Sunde")
    searches = (f"volunteers?q={name.rpartition(' ')[2]}" for name in names)
    return [
        name
        for name, search in zip(names, searches, strict=True)
        if name in stage.staff.words(search)
    ]
