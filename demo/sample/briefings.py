"""What each home tells its volunteers about fire, in Norwegian and in English.

Six screens cover every mandatory subject of DOMAIN ("Briefing"). Each has three lines that fit the
kiosk's display in letters of full size, with a LIX of at most 30. Nothing here is advice for a real
house.
"""

from demo.sample.homes import SOLBAKKEN, Home
from presence.briefing import Section, SectionKind

LANGUAGES = ("nb", "en")

_NEWS = {
    SectionKind.ESCAPE_ROUTES: 3,
    SectionKind.ASSEMBLY_POINT: 3,
    SectionKind.LIFT: 2,
}
"""Solbakken's text has been changed twice: the major version that changed what it says."""


def major(home: Home) -> int:
    """The major version of the home's briefing that is in force."""
    return 3 if home == SOLBAKKEN else 1


def sections(home: Home, language: str) -> tuple[Section, ...]:
    """The briefing of one home. `language` is "nb" or "en"."""
    news = _NEWS if major(home) > 1 else {}
    words = {
        "address": f"{home.street}, {home.town}",
        "exit": home.exit_nb if language == "nb" else home.exit_en,
        "meet": home.meet_nb if language == "nb" else home.meet_en,
    }
    return tuple(
        Section(
            covers,
            title,
            tuple(line.format(**words) for line in lines),
            since=max(news.get(subject, 1) for subject in covers),
        )
        for covers, title, lines in _TEXTS[language]
    )


_Text = tuple[tuple[tuple[SectionKind, ...], str, tuple[str, ...]], ...]

_NORWEGIAN: _Text = (
    (
        (SectionKind.ALARM_SOUND,),
        "Slik høres alarmen",
        (
            "En høy tone går opp og ned.",
            "Gule lys blinker i gangen.",
            "En prøve er meldt på tavla.",
        ),
    ),
    (
        (SectionKind.WHAT_YOU_DO,),
        "Dette gjør du",
        ("Si fra til vakta.", "Lukk døra etter deg.", "Gå rolig ut nærmeste vei."),
    ),
    (
        (SectionKind.NUMBER_AND_ADDRESS,),
        "Brann: ring 110",
        ("Ring 110 hvis det er brann.", "Si hvor du er:", "{address}."),
    ),
    (
        (SectionKind.ESCAPE_ROUTES,),
        "Veien ut",
        ("Følg de grønne skiltene.", "Fra stua går du {exit}.", "Kartet er ved døra."),
    ),
    (
        (SectionKind.LIFT, SectionKind.DOORS),
        "Heis og dører",
        ("Ta trappa, ikke heisen.", "Lukk dører. Ikke lås dem.", "Gå ikke inn igjen."),
    ),
    (
        (SectionKind.ASSEMBLY_POINT, SectionKind.REPORT_TO),
        "Her møtes vi",
        ("Vi møtes {meet}.", "Si fra til ansvarlig vakt.", "Bli der til du får beskjed."),
    ),
)

_ENGLISH: _Text = (
    (
        (SectionKind.ALARM_SOUND,),
        "How the alarm sounds",
        ("A loud tone, up and down.", "Yellow lights flash.", "A test is told on the board."),
    ),
    (
        (SectionKind.WHAT_YOU_DO,),
        "What you do",
        ("Tell the staff.", "Close the door behind you.", "Walk out the nearest way."),
    ),
    (
        (SectionKind.NUMBER_AND_ADDRESS,),
        "Fire: call 110",
        ("Call 110 if there is a fire.", "Say where you are:", "{address}."),
    ),
    (
        (SectionKind.ESCAPE_ROUTES,),
        "The way out",
        ("Follow the green signs.", "Day room: {exit}.", "The map is by the door."),
    ),
    (
        (SectionKind.LIFT, SectionKind.DOORS),
        "Lift and doors",
        ("Use the stairs, not the lift.", "Close doors, do not lock.", "Do not go back in."),
    ),
    (
        (SectionKind.ASSEMBLY_POINT, SectionKind.REPORT_TO),
        "Where we meet",
        ("We meet {meet}.", "Tell the staff in charge.", "Stay until you are told."),
    ),
)

_TEXTS = {"nb": _NORWEGIAN, "en": _ENGLISH}
