"""Scenario 12: a new version of the briefing, met by a kiosk without network and by one with it."""

from datetime import timedelta

from msgspec.structs import replace

from demo.sample import briefings
from demo.sample.homes import SOLBAKKEN
from demo.story.reading import read_briefing
from demo.story.stage import DAY, Stage
from presence.briefing import BriefingVersion, Section, SectionKind

MONDAY = DAY + timedelta(days=6)
NEW_PLACE = {
    "nb": ("Vi møtes ved porten.", "Si fra til ansvarlig vakt.", "Bli der til du får beskjed."),
    "en": ("We meet at the gate.", "Tell the staff in charge.", "Stay until you are told."),
}
PLACE = "Her møtes vi"
FOLLOWS = "Nå kommer sikkerhetsorienteringen."


def only_the_news_are_read(stage: Stage) -> None:
    """The assembly point has moved: version 4. A corrected word is version 4.1."""
    stage.it_is(9, 50, day=MONDAY)
    stage.await_heartbeat()
    _read_old_without_network(stage)
    _read_news_next_time(stage)
    _read_news_with_network(stage)
    _is_not_asked_for_a_correction(stage)


def _read_old_without_network(stage: Stage) -> None:
    """The kiosk knows version 3 still. Eli has read version 2."""
    book, eli = stage.book, stage.desk.cast["eli"]
    stage.disconnect()
    stage.office.publish(stage.home, BriefingVersion(4), _texts(since=4))
    book.tell("institution", "has moved its assembly point: version 4; the kiosk has no network")
    stage.it_is(10, 0)
    tap = stage.tap(eli)
    book.check("screen", f"“{tap.said}”", FOLLOWS in tap.lines, tap)
    titles = read_briefing(stage)
    is_old = titles == ["Veien ut", PLACE]
    book.check("screen", f"what version 3 had changed: {', '.join(titles)}", is_old, titles)
    stage.reconnect()
    kept = _await_version(stage, "eli", 3)
    book.check("server", "keeps what she has read: version 3", kept == [3], kept)


def _read_news_next_time(stage: Stage) -> None:
    book, eli = stage.book, stage.desk.cast["eli"]
    stage.it_is(11, 0)
    book.tell("volunteer", f"“{stage.tap(eli).said}”")
    stage.it_is(12, 0)
    stage.idle()
    tap = stage.tap(eli)
    titles = read_briefing(stage)
    book.check("screen", f"next time version 4, only the news: {titles}", titles == [PLACE], tap)
    kept = _await_version(stage, "eli", 4)
    book.check("server", "keeps a new acknowledgement: version 4", kept == [3, 4], kept)


def _read_news_with_network(stage: Stage) -> None:
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    stage.it_is(12, 30)
    tap = stage.tap(bjorn)
    book.check("screen", f"“{tap.said}”", FOLLOWS in tap.lines, tap)
    titles = read_briefing(stage)
    book.check("screen", f"only the news: {titles}", titles == [PLACE], titles)
    kept = _await_version(stage, "bjorn", 4)
    book.check("server", "keeps a new acknowledgement: version 4", kept == [4], kept)
    stage.it_is(13, 30)
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")


def _is_not_asked_for_a_correction(stage: Stage) -> None:
    book, bjorn = stage.book, stage.desk.cast["bjorn"]
    stage.office.publish(stage.home, BriefingVersion(4, 1), _texts(since=4, extra=" Takk!"))
    book.tell("institution", "adds a word: version 4.1")
    stage.it_is(14, 0)
    stage.idle()
    tap = stage.tap(bjorn)
    is_plain = tap.title == "Velkommen, Bjørn" and FOLLOWS not in tap.lines
    book.check("screen", f"“{tap.said}”; nothing to read", is_plain, tap)
    stage.it_is(15, 0)
    stage.idle()
    book.tell("volunteer", f"“{stage.tap(bjorn).said}”")
    stage.rest()


def _texts(since: int, extra: str = "") -> dict[str, tuple[Section, ...]]:
    """Solbakken's briefing with another assembly point."""
    return {
        language: tuple(
            _moved(section, language, since, extra)
            for section in briefings.sections(SOLBAKKEN, language)
        )
        for language in briefings.LANGUAGES
    }


def _moved(section: Section, language: str, since: int, extra: str) -> Section:
    if SectionKind.ASSEMBLY_POINT not in section.covers:
        return section
    first, *others = NEW_PLACE[language]
    return replace(section, lines=(first + extra, *others), since=since)


def _await_version(stage: Stage, name: str, major: int) -> list[int]:
    """What the server keeps of somebody, once it has this version."""
    volunteer = stage.desk.cast[name].volunteer
    kept = stage.ledger.wait_for(
        lambda: stage.ledger.acknowledgements(volunteer),
        lambda kept: major in [version for version, _, _ in kept],
    )
    return [version for version, _, _ in kept]
