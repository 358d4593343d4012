"""What a camera sees of a card whose QR is held up to it, well or badly: pictures from a seed.

The codes are made as the card's page makes them (`qrcode`, level M, alphanumeric). The rest is
geometry and arithmetic written for this purpose; no real camera has been recorded yet.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import qrcode
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from qrcode.constants import ERROR_CORRECT_M

from kiosk.readers.frames import Frame
from presence.card import CardRef
from presence.credential import issue_code
from presence.trust import Purpose, SigningKey

WIDTH, HEIGHT = 1280, 720
QUIET = 4
"""Empty modules around a code (ISO/IEC 18004)."""
TEXELS = 8
"""Pixels of the print for each module."""
FURNITURE = 14
"""Things with edges in every picture."""
FOCAL = 1100.0
"""Distance of card and camera, in pixels: how much perspective a tilt brings."""

Picture = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pose:
    """How a card is held, and how it is printed. Lengths in pixels of the picture."""

    size: float = 320.0
    """A side of the code, seen from the front."""
    centre: tuple[float, float] = (WIDTH / 2, HEIGHT / 2)
    turn: float = 0.0
    """Degrees, in the plane of the picture."""
    tilt: float = 0.0
    """Degrees out of that plane, about the upright axis."""
    ink: float = 30.0
    paper: float = 215.0
    grain: float = 0.0
    """Standard deviation of the print's own greys."""
    thumb: float = 0.0
    """Radius of what covers the code from below, as a share of its side."""


@dataclass(frozen=True, slots=True)
class Light:
    """What happens on the way from the card to the picture."""

    exposure: float = 1.0
    glare: float = 0.0
    """How bright the reflection of a lamp on the code is: 1 is white."""
    defocus: float = 0.0
    """Standard deviation of the blur, in pixels."""
    motion: float = 0.0
    """Way of the hand while the shutter is open, in pixels."""
    noise: float = 3.0
    """Standard deviation, of 255 greys."""


def photograph(
    held: Sequence[tuple[str, Pose]], light: Light = Light(), *, seed: int | Sequence[int] = 0
) -> Frame:
    """A picture of everything that is held up, each a text and its pose; none is an empty room."""
    rng = np.random.default_rng(seed)
    picture = _room(rng)
    for text, pose in held:
        _hold(picture, text, pose, rng)
    spot = held[0][1] if held else Pose()
    return _expose(picture, spot, light, rng)


def card_frame(text: str, seed: int = 0) -> Frame:
    """A card held up as most people would: not quite straight, not quite still."""
    rng = np.random.default_rng([seed, 1])
    centre = (WIDTH / 2 + rng.uniform(-150, 150), HEIGHT / 2 + rng.uniform(-60, 60))
    pose = Pose(size=330, centre=centre, turn=rng.uniform(-12, 12), tilt=rng.uniform(-20, 20))
    return photograph([(text, pose)], Light(motion=2), seed=[seed, 2])


def empty_frame(seed: int = 0) -> Frame:
    return photograph([], seed=[seed, 2])


@lru_cache(maxsize=64)
def _print(text: str) -> Frame:
    """The code as it is printed: 1 is ink. Up to four pixels too many at the edges."""
    symbol = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET)
    symbol.add_data(text)
    symbol.make(fit=True)
    modules = np.array(symbol.get_matrix(), dtype=np.uint8)
    return np.kron(modules, np.ones((TEXELS, TEXELS), dtype=np.uint8))


def _room(rng: np.random.Generator) -> Picture:
    """Light and shade, a checked blouse, and furniture: edges that are no code."""
    coarse = rng.normal(115, 30, (6, 10)).astype(np.float32)
    room = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    room[HEIGHT // 2 :, ::16] += 25
    room[HEIGHT // 2 :: 16] += 25
    for _ in range(FURNITURE):
        left, top = int(rng.integers(WIDTH)), int(rng.integers(HEIGHT))
        right, bottom = left + int(rng.integers(8, 300)), top + int(rng.integers(8, 300))
        grey = float(rng.uniform(20, 220))
        cv2.rectangle(room, (left, top), (right, bottom), (grey,), int(rng.choice([-1, 3, 9])))
    return room


def _hold(picture: Picture, text: str, pose: Pose, rng: np.random.Generator) -> None:
    ink = _print(text).astype(np.float32)
    side = len(ink)
    card = pose.paper + (pose.ink - pose.paper) * ink
    if pose.grain:
        fibres = rng.normal(0, pose.grain, (side // 3 + 1, side // 3 + 1)).astype(np.float32)
        card += cv2.resize(fibres, (side, side), interpolation=cv2.INTER_LINEAR)
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], dtype=np.float32)
    projection = cv2.getPerspectiveTransform(corners, _corners(pose, side))
    shrink = pose.size / (side - 2 * QUIET * TEXELS)
    if shrink < 1:  # what the lens cannot tell apart, it mixes
        card = _blurred(card, 0.45 / shrink)
    size = (WIDTH, HEIGHT)
    there = cv2.warpPerspective(np.ones((side, side), np.float32), projection, size)
    seen = cv2.warpPerspective(card, projection, size)
    picture *= 1 - there
    picture += seen * there
    if pose.thumb:
        x, y = pose.centre
        at = (round(x), round(y + pose.size / 2))
        cv2.circle(picture, at, round(pose.thumb * pose.size), (120.0,), cv2.FILLED)


def _corners(pose: Pose, side: int) -> npt.NDArray[np.float32]:
    """Where the corners of the print, its quiet zone included, are in the picture."""
    half = pose.size / 2 * side / (side - 2 * QUIET * TEXELS)
    turn, tilt = np.deg2rad(pose.turn), np.deg2rad(pose.tilt)
    found = []
    for x, y in ((-half, -half), (half, -half), (half, half), (-half, half)):
        across, down = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
        nearness = FOCAL / (FOCAL + across * np.sin(tilt))
        found.append(
            (
                pose.centre[0] + across * np.cos(tilt) * nearness,
                pose.centre[1] + down * nearness,
            )
        )
    return np.array(found, dtype=np.float32)


def _expose(picture: Picture, spot: Pose, light: Light, rng: np.random.Generator) -> Frame:
    if light.glare:
        picture = picture + 255 * light.glare * _lamp(spot, rng)
    if light.defocus:
        picture = _blurred(picture, light.defocus)
    if light.motion >= 1:
        picture = cv2.filter2D(picture, -1, _path(light.motion, rng)).astype(np.float32)
    noise = rng.standard_normal(picture.shape, dtype=np.float32) * light.noise
    return np.clip(picture * light.exposure + noise, 0, 255).astype(np.uint8)


def _blurred(picture: Picture, deviation: float) -> Picture:
    return cv2.GaussianBlur(picture, (0, 0), deviation).astype(np.float32)


def _lamp(spot: Pose, rng: np.random.Generator) -> Picture:
    """A soft round reflection somewhere on the code; 1 in its middle."""
    x, y = np.array(spot.centre) + rng.uniform(-0.3, 0.3, 2) * spot.size
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    radius = 0.28 * spot.size
    away = ((across - x) ** 2 + (down - y) ** 2) / radius**2
    lamp: Picture = np.exp(-away).astype(np.float32)
    return lamp


def _path(length: float, rng: np.random.Generator) -> Picture:
    """The hand's way as a filter: a straight line in any direction."""
    side = int(np.ceil(length)) | 1
    kernel: Picture = np.zeros((side, side), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * (side - 1) / 2
    middle = (side - 1) / 2
    start, end = np.rint(middle - reach).astype(int), np.rint(middle + reach).astype(int)
    cv2.line(kernel, start.tolist(), end.tolist(), (1.0,))
    kernel /= kernel.sum()
    return kernel


# --- the set that is measured ----------------------------------------------------------------

Kind = Callable[[float], tuple[Pose, Light]]
"""From how bad it is (0 to 1) to what is done to the picture."""

KINDS: dict[str, Kind] = {
    "as most people hold it": lambda bad: (Pose(size=330, turn=10 * bad, tilt=20 * bad), Light()),
    "turned": lambda bad: (Pose(turn=180 * bad), Light()),
    "tilted": lambda bad: (Pose(tilt=25 + 50 * bad, turn=15), Light()),
    "far away": lambda bad: (Pose(size=240 - 190 * bad, turn=5), Light(noise=6)),
    "close up": lambda bad: (Pose(size=420 + 260 * bad, turn=5), Light(defocus=3 * bad)),
    "moved": lambda bad: (Pose(turn=8), Light(motion=2 + 18 * bad)),
    "out of focus": lambda bad: (Pose(turn=8), Light(defocus=1 + 4 * bad)),
    "noisy": lambda bad: (Pose(size=260, turn=8), Light(noise=15 + 75 * bad)),
    "dark": lambda bad: (Pose(size=260, turn=8), Light(exposure=0.3 - 0.27 * bad, noise=5)),
    "glare": lambda bad: (Pose(turn=8), Light(glare=0.4 + 1.4 * bad)),
    "faded": lambda bad: (Pose(ink=110 + 85 * bad, paper=200, turn=8), Light(noise=6)),
    "under a thumb": lambda bad: (Pose(turn=-4, thumb=0.08 + 0.34 * bad), Light()),
    "rough paper": lambda bad: (Pose(size=280, turn=8, grain=25 + 90 * bad), Light()),
    "everything at once": lambda bad: (
        Pose(size=300 - 70 * bad, turn=30 * bad, tilt=10 + 35 * bad, ink=60, paper=180, grain=15),
        Light(exposure=0.7 - 0.4 * bad, defocus=1.2 * bad, motion=3 * bad, noise=6 + 10 * bad),
    ),
}
GRADES = 15
"""Pictures of each kind, from hardly bad to hopeless: 210 altogether."""


class Shown(NamedTuple):
    """One picture of the set."""

    kind: str
    code: str
    frame: Frame


def seeded_frames(seed: int = 1, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Shown]:
    """The set: always the same for the same seed. Each picture is made when it is asked for."""
    for number, kind in enumerate(KINDS):
        if kind not in kinds:
            continue
        for grade in range(GRADES):
            shot = [seed, number, grade]
            pose, light = KINDS[kind]((grade + 0.5) / GRADES)
            code = genuine_code(shot)
            yield Shown(kind, code, photograph([(code, pose)], light, seed=shot))


def genuine_code(seed: int | Sequence[int]) -> str:
    """The text of a card that was issued with a key that nobody believes."""
    rng = np.random.default_rng(seed)
    key = SigningKey(b"\x01", Ed25519PrivateKey.from_private_bytes(rng.bytes(32)), Purpose.CARD)
    card = CardRef(0, int(rng.integers(2**17)))
    issued, expires = datetime(2026, 1, 10, tzinfo=UTC), datetime(2036, 1, 10, tzinfo=UTC)
    return issue_code(key, card, rng.bytes(8), issued, expires)
