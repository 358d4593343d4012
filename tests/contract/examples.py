"""One example of every message and of every shape inside it, as this release makes them.

`python -m tests.contract.examples` writes them as the golden files of the release that pyproject
names. Do that once, at its release: files that exist are never written again.
"""

import json
import tomllib
from datetime import date, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import msgspec

from presence import codec, cose
from presence.activity import Activity, DogPlace, DogTeam
from presence.briefing import Acknowledgement, Briefing, BriefingVersion, Section, SectionKind
from presence.card import Assurance, CardRef, ChipUid, SignedCode, SunMessage
from presence.ids import BootId, VolunteerId
from presence.messages import (
    Answer,
    Arrived,
    AttemptRefused,
    BriefingAcknowledged,
    Briefings,
    CameBack,
    ClockTrust,
    Entries,
    Entry,
    Have,
    Heartbeat,
    HeldList,
    Left,
    Link,
    Message,
    Question,
    ReaderState,
    Receipt,
    Receipts,
    Roster,
    Settlement,
    Stamp,
    WentOut,
    What,
)
from presence.reason import Reason
from presence.roster import CardState, Elsewhere, MissingCourse, Unsettled
from presence.statuslist import Status, sign_list, table_of
from presence.topics import Leaf
from presence.trust import Purpose
from presence.verdict import (
    ActivityDue,
    Basis,
    BriefingDue,
    CourseDue,
    DogLapsed,
    LeavingDue,
    Move,
    Outcome,
    RenewalDue,
    Saying,
    Tell,
    Verdict,
)
from presence.visit import Arrival, Outing, SeenElsewhere, StaffWord, Visit, VisitState
from tests.builders import (
    CARD,
    KIOSK,
    LEADER,
    NOW,
    arrival,
    departure,
    event_id,
    held_card,
    here,
    house,
    presentation_id,
    roster_row,
    signing_key,
    uuid_text,
    visit_id,
)

GOLDEN = Path(__file__).parent / "golden"
MORNING = NOW - timedelta(hours=2)
BOOT = BootId(uuid_text(0xB))


def this_release() -> str:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    return str(project["project"]["version"])


def question(evidence: Any, **changes: Any) -> Question:
    plain = Question(
        kiosk=KIOSK,
        presentation=presentation_id(1),
        evidence=evidence,
        presented=NOW + timedelta(milliseconds=123),
        uptime_ms=36_000_000,
    )
    return msgspec.structs.replace(plain, **changes)


QUESTIONS = [
    question(SignedCode("TS1:RRQ$-8 609O0")),
    question(SunMessage("EF963FF7828658A599F3041510671E88", "94EED9EE65337086")),
    question(
        ChipUid("04DE5F1EACC040"),
        unsettled=Unsettled(
            (
                Arrival(MORNING, event_id(1), visit_id(1), is_vigil=True),
                Outing(MORNING, event_id(4), is_out=True),
                Outing(NOW, event_id(5), is_out=False),
                departure(NOW, 2),
                departure(NOW, 3, doubtful=True),
                SeenElsewhere(NOW, event_id(6)),
                StaffWord(NOW, event_id(7), is_here=True),
            ),
            Acknowledgement(3, MORNING),
        ),
    ),
]


def verdict(move: Move, outcome: Outcome, reason: Reason, saying: Saying, **more: Any) -> Verdict:
    plain = Verdict(move, outcome, reason, saying, Basis.LIVE, Assurance.A1)
    return msgspec.structs.replace(plain, **more)


VERDICTS = [
    verdict(Move.IN, Outcome.CONFIRMED, Reason.OK, Saying.WELCOME),
    verdict(
        Move.IN,
        Outcome.UNCONFIRMED,
        Reason.OK,
        Saying.WELCOME,
        basis=Basis.ROSTER,
        as_of=MORNING,
        due=(
            BriefingDue(BriefingVersion(4, 2), acknowledged=3),
            BriefingDue(BriefingVersion(1)),
            RenewalDue(date(2026, 12, 24)),
            CourseDue("Førstehjelp", date(2027, 1, 11)),
            LeavingDue(MORNING),
            LeavingDue(None),
            DogLapsed(date(2026, 11, 23)),
            ActivityDue((Activity.VISIT, Activity.DOG_VISIT), (DogPlace.WALK,)),
        ),
    ),
    verdict(
        Move.IN,
        Outcome.CONFIRMED,
        Reason.OK,
        Saying.WELCOME,
        assurance=Assurance.A2,
        warning=Reason.ELSEWHERE,
        tell=(Tell.INSTITUTION, Tell.OTHER_HOME, Tell.CHAPTER),
    ),
    verdict(
        Move.BACK,
        Outcome.CONFIRMED,
        Reason.OK,
        Saying.WELCOME_BACK,
        visit=Visit(visit_id(1), VisitState.OPEN, MORNING, MORNING, is_vigil=True, is_out=True),
    ),
    verdict(
        Move.OUT,
        Outcome.CONFIRMED,
        Reason.CARD_BLOCKED,
        Saying.GOODBYE,
        is_doubtful=True,
        visit=Visit(visit_id(1), VisitState.OPEN, MORNING, MORNING),
        tell=(Tell.CHAPTER,),
    ),
    verdict(
        Move.NONE,
        Outcome.REFUSED,
        Reason.EXPIRED,
        Saying.EXPIRED,
        expired_on=date(2026, 11, 24),
        call=LEADER,
        tell=(Tell.LEADER, Tell.INSTITUTION),
    ),
    verdict(
        Move.NONE,
        Outcome.REFUSED,
        Reason.COURSE_MISSING,
        Saying.COURSE_MISSING,
        course="Førstehjelp",
    ),
]

FULL_ROW = roster_row(
    cards=(held_card(), held_card(ref=CardRef(3, 1), state=CardState.REPLACED)),
    courses=(
        MissingCourse("Førstehjelp", date(2027, 1, 11)),
        MissingCourse("Grunnkurs", date(2027, 5, 2), is_held=True),
    ),
    is_paused=True,
    activities=(Activity.VISIT, Activity.DOG_VISIT),
    dog=DogTeam(
        (DogPlace.WALK, DogPlace.COMMON_ROOM),
        date(2026, 12, 31),
        {DogPlace.WALK: date(2026, 12, 1)},
    ),
    here=here(arrival(MORNING, 1)),
    elsewhere=Elsewhere(MORNING, MORNING + timedelta(minutes=8)),
)
DOUBTED_ROW = roster_row(here=here(arrival(MORNING, 1), departure(NOW, 2, doubtful=True)))
SPARE_ROW = roster_row(leader=None, acknowledged=None)

ANSWERS = [
    Answer(presentation=presentation_id(n), verdict=one, at=NOW, row=row)
    for n, (one, row) in enumerate(
        zip(
            VERDICTS,
            [SPARE_ROW, FULL_ROW, FULL_ROW, DOUBTED_ROW, FULL_ROW, None, None],
            strict=True,
        ),
        start=1,
    )
]

THINGS: list[What] = [
    Arrived(CARD, visit_id(1), presentation_id(1), Basis.LIVE, Outcome.CONFIRMED),
    Arrived(
        CARD, visit_id(2), presentation_id(1), Basis.ROSTER, Outcome.UNCONFIRMED, is_vigil=True
    ),
    Left(CARD, presentation_id(2), Basis.ROSTER, is_doubtful=True),
    WentOut(CARD, presentation_id(4), Basis.LIVE),
    CameBack(CARD, presentation_id(5), Basis.LIVE),
    BriefingAcknowledged(CARD, major=3, minor=1, language="nb", seconds=80),
    AttemptRefused(CARD, presentation_id(3), Basis.LIVE, Reason.CARD_BLOCKED),
]
ENTRIES = [
    Entry(event_id(n), Stamp(n, BOOT, 5_000 + n, NOW, trust), what)
    for n, (what, trust) in enumerate(zip(THINGS, cycle(ClockTrust), strict=False), start=1)
]

EXAMPLES: dict[Leaf, list[Message]] = {
    Leaf.QUESTION: [*QUESTIONS],
    Leaf.ANSWER: [*ANSWERS],
    Leaf.ENTRIES: [
        Entries(kiosk=KIOSK, entries=tuple(msgspec.Raw(codec.encode_entry(one)) for one in ENTRIES))
    ],
    Leaf.RECEIPTS: [
        Receipts(
            receipts=(
                Receipt(event_id(1), Settlement.ACCEPTED),
                Receipt(event_id(2), Settlement.DUPLICATE),
                Receipt(event_id(3), Settlement.REJECTED, "an unknown card"),
            ),
            at=NOW,
        )
    ],
    Leaf.LINK: [
        Link(kiosk=KIOSK, is_up=True, connection=7),
        Link(kiosk=KIOSK, is_up=False, connection=7),
    ],
    Leaf.HEARTBEAT: [
        Heartbeat(
            kiosk=KIOSK,
            at=NOW,
            boot=BOOT,
            program="0.1.0",
            uptime_ms=36_000_000,
            outbox_depth=3,
            oldest_entry_ms=12_500,
            parked=1,
            unreadable=2,
            trust=ClockTrust.SYNCED,
            readers={"nfc": ReaderState.READY, "camera": ReaderState.LOST},
            roster_issued=MORNING,
            free_disk_mb=20_480,
            status_lists=(HeldList(3, MORNING),),
            lists_refused=1,
        )
    ],
    Leaf.HAVE: [
        Have(kiosk=KIOSK, roster="ab" * 32, briefings="cd" * 32),
        Have(kiosk=KIOSK, roster=None, briefings=None),
    ],
    Leaf.ROSTER: [
        Roster(
            kiosk=KIOSK,
            whole=True,
            house=house(lowest_assurance=Assurance.A2, has_dogs=False),
            rows=(FULL_ROW,),
            digest="ef" * 32,
        ),
        Roster(
            kiosk=KIOSK,
            whole=False,
            house=house(briefing=None),
            rows=(SPARE_ROW,),
            gone=(VolunteerId("v-0002"),),
        ),
    ],
    Leaf.BRIEFING: [
        Briefings(
            kiosk=KIOSK,
            briefings=(
                Briefing(
                    BriefingVersion(3, 1),
                    "nb",
                    (
                        Section(
                            (SectionKind.LIFT,), "Heis", ("Ikke bruk heis ved brann.",), since=2
                        ),
                    ),
                ),
                Briefing(BriefingVersion(3), "en", ()),
            ),
        )
    ],
}

RECEIVER = KIOSK
ROSTER_KEY = signing_key(Purpose.ROSTER, number=7)
SIGNED_ROSTER = cose.sign_message(codec.encode(EXAMPLES[Leaf.ROSTER][1]), ROSTER_KEY, RECEIVER, NOW)
"""The envelope too must stay as it is."""
LIST_KEY = signing_key(Purpose.STATUS_LIST, number=8)
MARKS = {1: Status.INVALID, 2: Status.SUSPENDED, CARD.index: Status.RENEWAL_DUE}
SIGNED_LIST = sign_list(CARD.list, table_of(MARKS), LIST_KEY, NOW)


def file_name(leaf: Leaf) -> str:
    return leaf.rpartition("/")[2] + ".json"


def main() -> None:
    folder = GOLDEN / this_release()
    folder.mkdir(parents=True)
    for leaf, messages in EXAMPLES.items():
        plain = [json.loads(codec.encode(message)) for message in messages]
        text = json.dumps(plain, indent=1, ensure_ascii=False)
        (folder / file_name(leaf)).write_text(text + "\n", encoding="utf-8")
    (folder / "signed_roster.hex").write_text(SIGNED_ROSTER.hex() + "\n", encoding="ascii")
    (folder / "signed_status_list.hex").write_text(SIGNED_LIST.hex() + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
