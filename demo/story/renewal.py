"""Scenario 6: a card with 30 days left is welcomed with one more line, once a day."""

from datetime import timedelta

from demo.story.stage import DAY, RISING, Stage

WORD = "fornyes"
LINE = "Kortet må fornyes innen 24. desember 2026."


def a_card_with_thirty_days_left_is_told_once_a_day(stage: Stage) -> None:
    """In at 16:30, out, in again, out."""
    book, lars = stage.book, stage.desk.cast["thirty_days"]
    stage.it_is(16, 30)
    tap = stage.tap(lars)
    is_welcome = tap.title == "Velkommen, Lars" and (tap.lamp, tap.sounds) == ("green", RISING)
    book.check("screen", f"“{tap.said}”", is_welcome, tap)
    book.check("screen", "one line more than usual", tap.lines[1:] == [LINE], tap.lines)
    stage.it_is(17, 15)
    stage.idle()
    leaving = stage.tap(lars)
    book.check("screen", f"at 17:15: “{leaving.said}”", WORD not in leaving.said, leaving)
    stage.it_is(18, 0)
    stage.idle()
    again = stage.tap(lars)
    is_plain = again.title == "Velkommen, Lars" and WORD not in again.said
    book.check("screen", f"at 18:00 again: “{again.said}”", is_plain, again)
    stage.it_is(18, 40)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(lars).said}”")
    stage.rest()


def the_next_day_it_is_told_again(stage: Stage) -> None:
    """Once a day, not once."""
    book, lars = stage.book, stage.desk.cast["thirty_days"]
    stage.it_is(9, 0, day=DAY + timedelta(days=1))
    tap = stage.tap(lars)
    is_told = tap.title == "Velkommen, Lars" and tap.lines[1:] == [LINE]
    book.check("screen", f"the next morning: “{tap.said}”", is_told, tap)
    stage.it_is(9, 20)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(lars).said}”")
    stage.rest()
