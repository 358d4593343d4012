"""Which pictures of a camera are looked at: all in which something moves, few of an empty hall."""

import numpy as np
import pytest

from kiosk.readers.frames import EAGER, EVERY, Frame, Stillness
from tests.hardware_mocks.qr_frames import (
    Light,
    Pose,
    card_frame,
    empty_frame,
    genuine_code,
    photograph,
)

CODE = genuine_code(3)
HALL = empty_frame(5)
SETTLED = 3 * EAGER


def watched(frames: list[Frame], stillness: Stillness | None = None) -> list[bool]:
    stillness = stillness or Stillness()
    return [stillness.is_worth_a_look(frame) for frame in frames]


def settled(hall: Frame = HALL) -> Stillness:
    """One that has seen nothing but this for a while."""
    stillness = Stillness()
    watched([hall] * SETTLED, stillness)
    return stillness


def noisy(frame: Frame, sigma: float, seed: int) -> Frame:
    noise = np.random.default_rng(seed).normal(0, sigma, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [0, 3, 25])
def test_of_an_empty_hall_one_picture_in_a_few_is_looked_at(sigma: float) -> None:
    pictures = [noisy(HALL, sigma, seed) for seed in range(5)]
    looks = watched([pictures[n % 5] for n in range(EAGER + 8 * EVERY)])
    assert looks[:EAGER] == [True] * EAGER
    assert sum(looks[EAGER:]) == 8


def test_light_that_flickers_and_a_morning_that_dawns_are_no_news() -> None:
    lit = [np.clip(HALL * (1 + 0.03 * (n % 2)), 0, 255).astype(np.uint8) for n in range(20)]
    dawn = [np.clip(HALL * (0.6 + n / 100), 0, 255).astype(np.uint8) for n in range(40)]
    assert sum(watched(lit, settled())) <= len(lit) // EVERY + 1
    assert sum(watched(dawn)[EAGER:]) <= len(dawn) // EVERY + 1


def test_a_light_that_is_switched_on_is_news() -> None:
    assert watched([(HALL // 2).astype(np.uint8)] * EAGER, settled()) == [True] * EAGER


@pytest.mark.parametrize(
    ("size", "ink", "paper"), [(150, 30, 215), (170, 100, 150), (200, 120, 150)]
)
def test_a_card_that_comes_into_the_same_hall_is_news(
    size: float, ink: float, paper: float
) -> None:
    light = Light(noise=3)
    hall = settled(photograph([], light, seed=9))
    pose = Pose(size=size, ink=ink, paper=paper)
    assert watched([photograph([(CODE, pose)], light, seed=9)] * EAGER, hall) == [True] * EAGER


def test_a_card_that_was_there_first_or_rests_for_ever_is_looked_at_again_and_again() -> None:
    looks = watched([card_frame(CODE)] * 100)
    assert looks[:EAGER] == [True] * EAGER
    assert all(any(looks[start : start + EVERY]) for start in range(100 - EVERY))


def test_pictures_of_any_size_and_colour_are_compared_with_their_like() -> None:
    forms = [
        HALL,
        HALL[:300, :300],
        np.dstack([HALL] * 3),
        np.zeros((0, 0), np.uint8),
        np.zeros((3, 3, 3), np.uint8),
        np.zeros((4, 4, 0), np.uint8),
        np.zeros(7, np.uint8),
        np.asfortranarray(HALL),
    ]
    assert watched(forms) == [True] * len(forms)
