"""Twelve nursing homes of a town that does not exist. No postal code begins with 0000."""

from dataclasses import dataclass, replace

from presence.ids import InstitutionId, KioskId
from presence.travel import Place


@dataclass(frozen=True, slots=True)
class Home:
    """One home, and the words of its briefing that differ from house to house."""

    id: InstitutionId
    name: str
    street: str
    exit_nb: str
    exit_en: str
    meet_nb: str
    meet_en: str
    is_neighbour: bool = False
    """Belongs to the neighbour chapter's town."""
    place: Place | None = None
    """In the open sea, for the town does not exist. None: nobody has said."""

    @property
    def town(self) -> str:
        return "Elvemo" if self.is_neighbour else "Fjordby"

    @property
    def address(self) -> str:
        return f"{self.street}, 0000 {self.town}"

    @property
    def kiosk(self) -> KioskId:
        return KioskId(f"{self.id}-1")


def _home(
    home: str,
    name: str,
    street: str,
    way: tuple[str, str],
    meet_nb: str,
    meet_en: str,
    place: Place | None = None,
) -> Home:
    return Home(InstitutionId(home), name, street, *way, meet_nb, meet_en, place=place)


_GARDEN = ("ut mot hagen", "out to the garden")
_YARD = ("ut i tunet", "out to the yard")
_ROAD = ("ut mot veien", "out to the road")
_SEA = ("ut mot sjøen", "out to the sea side")

SOLBAKKEN = _home(
    "solbakken",
    "Solbakken",
    "Bakkesvingen 3",
    _GARDEN,
    "ved flaggstanga",
    "at the flagpole",
    Place(64.0, 5.0),
)
NORDSTRAND = _home(
    "nordstrand",
    "Nordstrand",
    "Tangstubben 41",
    _SEA,
    "ved naustet",
    "at the boathouse",
    Place(64.108, 5.0),
)
"""12 km from Solbakken."""

_OTHERS = (
    _home("granlia", "Granlia", "Kvistløkka 8", _GARDEN, "ved storgrana", "at the tall tree"),
    _home("bekkefaret", "Bekkefaret", "Vadestien 2", _YARD, "ved brua", "at the bridge"),
    _home("utsikten", "Utsikten", "Varderunden 19", _ROAD, "ved varden", "at the cairn"),
    _home("furutoppen", "Furutoppen", "Konglehaugen 7", _YARD, "ved boden", "at the shed"),
    _home("lyngheia", "Lyngheia", "Røsslyngbakken 5", _GARDEN, "ved porten", "at the gate"),
    _home("strandtunet", "Strandtunet", "Skjellsvingen 12", _SEA, "ved brygga", "at the pier"),
    _home("kornasen", "Kornåsen", "Aksfaret 30", _YARD, "ved låven", "at the barn"),
    _home("elvebakken", "Elvebakken", "Stryksletta 4", _ROAD, "ved skiltet", "at the road sign"),
    _home("rosenhagen", "Rosenhagen", "Tornegangen 16", _GARDEN, "ved dammen", "at the pond"),
    Home(
        InstitutionId("tindeviken"),
        "Tindeviken",
        "Skardgata 9",
        *_ROAD,
        "ved garasjen",
        "at the garage",
        is_neighbour=True,
    ),
)
_ROUND_THE_FJORD = (
    (64.012, 5.031),
    (64.024, 5.018),
    (64.031, 5.064),
    (64.043, 4.981),
    (64.052, 5.072),
    (64.066, 4.968),
    (64.071, 5.083),
    (64.083, 5.047),
    (64.094, 4.972),
    (64.127, 5.219),
)

HOMES: tuple[Home, ...] = (
    SOLBAKKEN,
    NORDSTRAND,
    *(
        replace(home, place=Place(*where))
        for home, where in zip(_OTHERS, _ROUND_THE_FJORD, strict=True)
    ),
)
