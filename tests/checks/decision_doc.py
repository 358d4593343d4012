"""Writes docs/decisions.md from the decision table: `python -m tests.checks.decision_doc`.

A unit test holds the file to what this gives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.events import Surroundings, Told
from kiosk.screen.view import view
from presence.reason import Reason
from presence.verdict import (
    ActivityDue,
    Basis,
    BriefingDue,
    CourseDue,
    DogLapsed,
    Due,
    LeavingDue,
    Move,
    RenewalDue,
    Verdict,
)
from tests.builders import OSLO, house
from tests.decisions import allowed, due, genuine, in_or_out
from tests.decisions.rows import Part, Row

TARGET = Path(__file__).parents[2] / "docs" / "decisions.md"


@dataclass(frozen=True)
class Question:
    title: str
    parts: Sequence[Part]


QUESTIONS = (
    Question("1. Genuine?", genuine.PARTS),
    Question("2. In or out?", in_or_out.PARTS),
    Question("3. Allowed?", allowed.PARTS),
    Question("4. What is due?", due.PARTS),
)

_HEAD = """\
# The admission rule, row by row

Made from `tests/decisions` by `python -m tests.checks.decision_doc`; do not edit. Every row is a
test: `presence.admission.decide` gives exactly this answer, on the server and on a kiosk that is
alone, unless the row names one of them.

The plain case, from which each row differs only in what it says: Kari, whose card is valid and who
has done all that is due, comes to Solbakken on Tuesday 24 November 2026 at 10:02 with her signed
code (A1). The kiosk has been running for ten hours, and its home's society has the Norwegian rules.
What the server answers is *confirmed*; what a kiosk answers alone is *unconfirmed*, with the age of
its knowledge beside it. The reason is kept and told to those who may know it; no screen at the door
shows it. Where several rows of the third question fit, the first one answers.
"""
_COLUMNS = ("When", "The kiosk says", "Recorded", "Reason", "Told at once", "Due")


def every_row() -> list[Row]:
    """The whole table, in its order."""
    return [row for question in QUESTIONS for part in question.parts for row in part.rows]


def document() -> str:
    lines = [_HEAD]
    for question in QUESTIONS:
        lines.append(f"## {question.title}\n")
        for part in question.parts:
            lines += [f"### {part.title}\n", f"{part.about}\n", *_table(part), ""]
    return "\n".join(lines)


def _table(part: Part) -> Iterator[str]:
    """Without the columns that say nothing in this part."""
    rows = [_cells(row) for row in part.rows]
    used = [number for number in range(len(_COLUMNS)) if number < 3 or any(r[number] for r in rows)]
    yield _line([_COLUMNS[number] for number in used])
    yield "|---" * len(used) + "|"
    for cells in rows:
        yield _line([cells[number] or "–" for number in used])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> Sequence[str]:
    verdict = row.answer(row.bases[0])
    by = {Basis.LIVE: " *(server)*", Basis.ROSTER: " *(kiosk alone)*"}
    return (
        row.when + (by[row.bases[0]] if len(row.bases) == 1 else ""),
        _said(row, verdict),
        _recorded(verdict),
        "" if verdict.reason is Reason.OK else _plain(verdict.reason),
        _told(verdict),
        "; ".join(map(_due, verdict.due)),
    )


def _said(row: Row, verdict: Verdict) -> str:
    """What stands largest on the screen, in English."""
    person = row.facts(row.bases[0]).row
    name = person.first_name if person else None
    told = Told(verdict, name, "en", seen=row.at)
    around = Surroundings(house(), is_connected=True)
    shown = view(told, around, "en", row.at.astimezone(OSLO))
    if verdict.expired_on is None and verdict.course is None:
        return f"“{shown.title}”"
    return f"“{shown.title}: {' '.join(line.removesuffix('.') + '.' for line in shown.lines)}”"


def _recorded(verdict: Verdict) -> str:
    match verdict.move:
        case Move.IN:
            return "arrival, staff are asked" if verdict.reason is not Reason.OK else "arrival"
        case Move.OUT:
            return "departure in doubt" if verdict.is_doubtful else "departure"
        case Move.BACK:
            return "return"
        case Move.STAY:
            return "nothing"
        case Move.NONE:
            return "a number" if verdict.reason is Reason.NOT_GENUINE else "refused attempt"


def _told(verdict: Verdict) -> str:
    parties = ", ".join(map(_plain, verdict.tell))
    return f"{parties} ({_plain(verdict.warning)})" if verdict.warning else parties


def _due(one: Due) -> str:
    match one:
        case BriefingDue(version, acknowledged):
            news = "" if acknowledged is None else f", the news since {acknowledged}"
            return f"briefing {version.major}.{version.minor}{news}"
        case RenewalDue(valid_until):
            return f"renewal by {valid_until}"
        case CourseDue(name, stops_on):
            return f"{name} before {stops_on}"
        case LeavingDue():
            return "“When did you leave?”"
        case ActivityDue(offered, with_dog):
            places = f"; the dog: {', '.join(map(_plain, with_dog))}" if with_dog else ""
            return f"what for? {', '.join(map(_plain, offered))}{places}"
        case DogLapsed(until):
            return f"“without the dog”: approved until {until}"


def _plain(word: str) -> str:
    return word.replace("_", " ")


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
