"""The lock files hold what pyproject.toml asks for: `python -m tests.checks.locks`.

Every entry has an exact version and hashes and names no address or path; everything that
pyproject.toml asks for is locked at a version it accepts; no package is locked twice apart.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BUILD = "requirements-build.txt"
RUN = "requirements.txt"
HARDWARE = "requirements-hardware.txt"
DEV = "requirements-dev.txt"

ENTRY = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\]+?))?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def logical_lines(text: str) -> Iterator[str]:
    """The lines of a requirements file, continuations joined, comments left out."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(kept).replace("\\\n", " ").splitlines():
        if line.strip():
            yield line.strip()


def read_lock(name: str, text: str) -> tuple[dict[str, str], list[str]]:
    """The pins of one lock file by package name, and what is wrong with it."""
    pins: dict[str, str] = {}
    faults: list[str] = []
    for line in logical_lines(text):
        entry, *hashes = re.split(r"\s+(?=--hash=)", line)
        match = ENTRY.fullmatch(entry.strip())
        if match is None:
            faults.append(f"{name}: not an exact version of a named package: {entry}")
            continue
        if not hashes or not all(HASH.fullmatch(part.strip()) for part in hashes):
            faults.append(f"{name}: {match['name']} has no proper sha256 hash")
        if match["name"] in pins:
            faults.append(f"{name}: {match['name']} is there twice")
        pins[match["name"]] = match["version"]
    if "://" in text or "file:" in text:
        faults.append(f"{name}: names an address")
    return pins, faults


def unmet(name: str, pins: Mapping[str, str], wanted: Iterable[str]) -> Iterator[str]:
    for requirement in map(Requirement, wanted):
        version = pins.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{name}: {requirement.name} is asked for and not locked"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{name}: {requirement} is asked for, {version} is locked"


def apart(locks: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Packages that two lock files hold at different versions."""
    seen: dict[str, tuple[str, str]] = {}
    for lock, pins in locks.items():
        for package, version in pins.items():
            first, locked = seen.setdefault(package, (lock, version))
            if locked != version:
                yield f"{package} is {locked} in {first} and {version} in {lock}"


def check(project: Mapping[str, Any], texts: Mapping[str, str]) -> list[str]:
    """All faults of the lock files `texts` (name to content) against a read pyproject.toml."""
    extras = project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    wanted = {
        BUILD: groups["setup"],
        RUN: [*project["project"]["dependencies"], *extras["kiosk"], *extras["server"]],
        HARDWARE: groups["hardware"],
        DEV: groups["dev"],
    }
    locks: dict[str, dict[str, str]] = {}
    faults: list[str] = []
    for name, requirements in wanted.items():
        locks[name], found = read_lock(name, texts[name])
        faults += [*found, *unmet(name, locks[name], requirements)]
    return [*faults, *apart(locks)]


def main() -> int:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    texts = {name: Path(name).read_text(encoding="utf-8") for name in (BUILD, RUN, HARDWARE, DEV)}
    faults = check(project, texts)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print("locks: every package has a version and hashes, and fits pyproject.toml")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
