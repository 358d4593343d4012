"""The words of the pages: what people read for what the code calls by its own names.

GLOSSARY has them in all languages; here they are translated by the catalogues.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

from flask_babel import format_date, get_locale, gettext
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from presence.activity import Activity
from presence.reason import Reason
from presence.roster import CardState
from presence.visit import Doubt, VisitState
from server.cards.queries import Reporter, Validity
from server.notices.models import AlertKind
from server.visits.models import LetInReason

_WORDS: tuple[tuple[StrEnum, LazyString], ...] = (
    (CardState.ORDERED, _("Card is ordered")),
    (CardState.ACTIVE, _("Card is in use")),
    (CardState.SUSPENDED, _("Card is blocked for now")),
    (CardState.LOST, _("Card reported lost")),
    (CardState.TO_BE_RETURNED, _("Card is to be returned")),
    (CardState.RETURNED, _("Card returned")),
    (CardState.DESTROYED, _("Card destroyed")),
    (CardState.REPLACED, _("Card replaced by a new one")),
    (CardState.EXCLUDED, _("Card is blocked")),
    (Validity.NOT_YET_VALID, _("Card is not valid yet")),
    (Validity.VALID, _("Card is valid")),
    (Validity.RENEWAL_DUE, _("Renewal due")),
    (Validity.EXPIRED, _("Card has expired")),
    (VisitState.OPEN, _("On site now")),
    (VisitState.POSSIBLE, _("Possibly on site")),
    (VisitState.CLOSED, _("Checked out")),
    (VisitState.LEFT_UNKNOWN, _("Forgotten check-out")),
    (Doubt.SENT_TO_STAFF, _("Asked to speak to the staff")),
    (Doubt.CARD_UNCLEAR, _("Checked out with an unclear card")),
    (Doubt.FORGOTTEN, _("Forgotten check-out")),
    (Doubt.ELSEWHERE, _("Has checked in at another home since")),
    (AlertKind.REFUSED, _("Asked at the door to speak to the staff")),
    (AlertKind.LEFT_IN_DOUBT, _("Checked out, perhaps not by the card's owner")),
    (AlertKind.ACCEPTED_OFFLINE, _("Let in while the kiosk had no network")),
    (AlertKind.LET_IN_WITH_WARNING, _("Let in, although something spoke against it")),
    (AlertKind.KIOSK_SILENT, _("The kiosk has not been heard for a long time")),
    (AlertKind.STILL_HERE_AT_NIGHT, _("Still on site late in the evening")),
    (Reason.OK, _("Nothing wrong")),
    (Reason.NOT_GENUINE, _("The card cannot be read")),
    (Reason.UNKNOWN_CARD, _("Nobody knows the card")),
    (Reason.TOO_WEAK, _("The card proves too little")),
    (Reason.CARD_BLOCKED, _("The card is blocked")),
    (Reason.PAUSED, _("Paused by the home")),
    (Reason.ELSEWHERE, _("Seen at another home too shortly before")),
    (Reason.REPLAYED, _("The chip's message had been used before")),
    (Reason.NOT_YET_VALID, _("The card is not valid yet")),
    (Reason.EXPIRED, _("The card has expired")),
    (Reason.COURSE_MISSING, _("A mandatory course is missing")),
    (Reason.NO_CONTACT, _("The kiosk had no contact for too long")),
    (LetInReason.KNOWN_TO_US, _("We know the person as a volunteer here")),
    (LetInReason.LEADER_AGREED, _("The activity leader has agreed")),
    (LetInReason.CARD_FORGOTTEN, _("The card is forgotten at home")),
    (LetInReason.CARD_DAMAGED, _("The card is damaged")),
    (Reporter.CHAPTER, _("Chapter")),
    (Reporter.INSTITUTION, _("Institution")),
    (Reporter.VOLUNTEER, _("The volunteer")),
    (Activity.VISIT, _("Visiting friend")),
    (Activity.WALK, _("Walks")),
    (Activity.DOG_VISIT, _("Visit with dog")),
    (Activity.SONG_HOUR, _("Song hour")),
    (Activity.READING, _("Reading aloud")),
    (Activity.CAFE, _("Café")),
    (Activity.GAMES, _("Games")),
    (Activity.VIGIL, _("Vigil")),
)

# By class and name, for members of two StrEnums with one value are equal.
_BY_MEMBER: Mapping[tuple[type[StrEnum], str], LazyString] = {
    (type(member), member.name): words for member, words in _WORDS
}


_ROLES = {reporter.value: words for reporter, words in _WORDS if isinstance(reporter, Reporter)}


def words_for(member: StrEnum) -> LazyString:
    """What people read for it. Raises KeyError where no words were written."""
    return _BY_MEMBER[type(member), member.name]


def actor(name: str) -> str:
    """The role in which something was done. What is no role of ours is shown as it was written."""
    return str(_ROLES.get(name, name))


def clock(moment: datetime, zone: tzinfo) -> str:
    """The time of day at the home: "14:02"."""
    return moment.astimezone(zone).strftime("%H:%M")


def day(moment: date) -> str:
    """A date written out, for 3.1. and 1/3 are read differently by different people."""
    return _date(moment, "d MMMM y")


def local_day(moment: datetime, zone: tzinfo) -> str:
    """The date at the home."""
    return day(moment.astimezone(zone).date())


def moment(at: datetime, zone: tzinfo, now: datetime) -> str:
    """The time of day, with the date where it is not today's, and the year where it is not this
    year's."""
    then, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    if then == today:
        return clock(at, zone)
    if then == today - timedelta(days=1):
        return str(gettext("yesterday %(time)s", time=clock(at, zone)))
    return f"{_date(then, 'd MMMM' if then.year == today.year else 'd MMMM y')} {clock(at, zone)}"


def _date(moment: date, pattern: str) -> str:
    """In English "3 January", elsewhere "3. januar"."""
    locale = get_locale()
    if locale is None or locale.language != "en":
        pattern = pattern.replace("d ", "d. ", 1)
    return str(format_date(moment, pattern, rebase=False))
