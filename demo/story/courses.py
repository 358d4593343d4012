"""Scenario 8: a course with a time of grace, and one without which nobody gets a card."""

from datetime import date

from demo.story.stage import Stage
from server.cards.queries import SAMPLE_SOCIETY
from server.cards.services import CardError
from server.courses.models import Course, CourseKind

COURSE = "Førstehjelp"
LINE = f"Ta kurset «{COURSE}» før 11. januar 2027."
LEADER = "Ring Ragnhild Foss, +47 00 00 00 10"


def a_course_may_be_missing_for_a_year(stage: Stage) -> None:
    """It is asked for since 10 January 2026, with 365 days of grace. Nils has not taken it."""
    book, nils = stage.book, stage.desk.cast["grace_course"]
    stage.it_is(10, 0, day=date(2027, 1, 10))
    tap = stage.tap(nils)
    is_told = tap.title == "Velkommen, Nils" and LINE in tap.lines
    book.check("screen", f"“{tap.said}”", is_told, tap)
    stage.it_is(11, 0)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(nils).said}”")
    stage.it_is(10, 0, day=date(2027, 1, 11))
    stage.idle()
    late = stage.tap(nils)
    is_stopped = late.title == "Et kurs mangler" and late.lines == [COURSE, LEADER]
    book.check("screen", f"“{late.said}”", is_stopped and late.lamp == "red", late)
    _check_blocking(stage)
    stage.rest()


def _check_blocking(stage: Stage) -> None:
    needed = Course(
        id="ethics",
        society_id=SAMPLE_SOCIETY,
        name="Etikk",
        kind=CourseKind.BLOCKING,
        required_from=date(2027, 1, 1),
    )
    stage.office.ask_for_course(needed)
    try:
        why = f"issued: {stage.office.issue(stage.desk.cast['seventeen']).card}"
    except CardError as error:
        why = str(error)
    stage.book.check("chapter", f"cannot activate a card: {why}", "Etikk" in why, why)
