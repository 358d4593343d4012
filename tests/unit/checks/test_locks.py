from collections.abc import Mapping
from typing import Any

import pytest

from tests.checks import locks

HASH = "sha256:" + "0" * 64
PROJECT: Mapping[str, Any] = {
    "project": {
        "dependencies": ["msgspec>=0.19"],
        "optional-dependencies": {"kiosk": ["nfcpy"], "server": ["Flask_WTF>=1.2"]},
    },
    "dependency-groups": {
        "setup": ["setuptools>=77"],
        "hardware": ["pyscard>=2.2"],
        "dev": ["pytest>=8"],
    },
}


def entry(pin: str, hashes: int = 2) -> str:
    return "".join([pin, f" \\\n    --hash={HASH}" * hashes, "\n    # via tilstede\n"])


def sound() -> dict[str, str]:
    return {
        locks.BUILD: entry("setuptools==84.2.1"),
        locks.RUN: entry("flask-wtf==1.3.0")
        + entry("msgspec==0.22.0")
        + entry("nfcpy==1.0.4")
        + entry("colorama==0.4.6 ; sys_platform == 'win32'"),
        locks.HARDWARE: entry("pyscard==2.3.1"),
        locks.DEV: entry("pytest==9.2.0"),
    }


def test_sound_locks_have_no_faults() -> None:
    assert locks.check(PROJECT, sound()) == []


@pytest.mark.parametrize(
    ("lock", "text", "fault"),
    [
        (locks.DEV, entry("pytest==9.2.0", hashes=0), "pytest has no proper sha256 hash"),
        (locks.DEV, entry("pytest==9.2.0").replace("0000", "xyz", 1), "no proper sha256 hash"),
        (locks.DEV, entry("pytest>=9.2.0"), "not an exact version of a named package"),
        (locks.DEV, entry("pytest @ https://example.org/p.whl"), "names an address"),
        (locks.DEV, "--index-url https://example.org/simple\n", "names an address"),
        (locks.DEV, entry("-e ."), "not an exact version of a named package"),
        (locks.DEV, entry("pytest==7.4.0"), "pytest>=8 is asked for, 7.4.0 is locked"),
        (locks.HARDWARE, "", "pyscard is asked for and not locked"),
        (locks.DEV, "", "pytest is asked for and not locked"),
        (locks.DEV, entry("pytest==9.2.0") * 2, "pytest is there twice"),
        (locks.BUILD, entry("setuptools==70.0"), "setuptools>=77 is asked for"),
        (
            locks.DEV,
            entry("pytest==9.2.0") + entry("msgspec==0.20.0"),
            "msgspec is 0.22.0 in requirements.txt and 0.20.0 in requirements-dev.txt",
        ),
    ],
)
def test_each_fault_is_found_and_named(lock: str, text: str, fault: str) -> None:
    faults = locks.check(PROJECT, {**sound(), lock: text})
    assert any(fault in found for found in faults), faults
