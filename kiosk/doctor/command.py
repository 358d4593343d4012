"""`tilstede doctor`.

Exit codes: 0 nothing is at fault, though there may be warnings; 1 something is; 2 the configuration
cannot be read, which is told fault by fault, with lines.
"""

import argparse
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from kiosk import app
from kiosk.config import load
from kiosk.doctor.examination import examine
from kiosk.doctor.finding import About, Finding, Report, State
from kiosk.doctor.machine import Machine
from presence.settings import SettingsError

FINE, FAULTY, UNREADABLE = 0, 1, 2
SIGNS = {
    State.OK: "OK",
    State.WARN: "WARN",
    State.FAULT: "FAULT",
    State.NOT_CHECKED: "not checked",
}
WIDTH = max(map(len, SIGNS.values()))


def add_to(commands: Any) -> None:
    """Let `tilstede` know this command."""
    found = commands.add_parser(
        "doctor",
        help="say what is attached to this kiosk, what is wrong with it, and how to mend it",
        description="Look at everything of a kiosk: its readers, lamps, screen, network, clock,"
        " disk. Changes nothing. A kiosk that runs keeps its readers; stop it to have them tried.",
    )
    found.add_argument("--config", type=Path, required=True, help="its configuration, a TOML file")
    found.add_argument("--json", action="store_true", help="print one JSON document")
    found.add_argument(
        "--try",
        dest="is_trying",
        action="store_true",
        help="light every lamp, make every sound, and wait for a card at each reader",
    )
    found.set_defaults(work=run)


def run(options: argparse.Namespace, machine: Machine | None = None) -> int:
    """Look at everything; returns the exit code. `machine` is examined in the place of this one."""
    machine = machine or Machine()
    # What drivers have to say is told in findings.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        config = load(options.config, app.CHOICES)
    except SettingsError as error:
        _print(options, machine, "", _unreadable(error))
        return UNREADABLE
    say = _say if options.is_trying else None
    try:
        report = _print(options, machine, config.kiosk, examine(config, machine, say))
    except KeyboardInterrupt:
        print("broken off", file=sys.stderr)
        return FAULTY
    return FAULTY if report.has_fault else FINE


def _unreadable(error: SettingsError) -> Iterable[Finding]:
    for fault in error.faults:
        where = f"line {fault.line}: " if fault.line is not None else ""
        yield About("configuration", fault.key).fault(
            f"{where}{fault.what}", "deploy/kiosk.toml says what each key means"
        )


def _print(
    options: argparse.Namespace, machine: Machine, kiosk: str, findings: Iterable[Finding]
) -> Report:
    """Each finding as soon as it is there, or all of them as one document."""
    program, at = app.program_version(), machine.wall()
    if options.json:
        report = Report(program, at, kiosk, tuple(findings))
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return report
    print(f"Tilstede {program}, kiosk {kiosk or '?'}, {at:%Y-%m-%d %H:%M} UTC\n")
    told = []
    for finding in findings:
        told.append(finding)
        _tell(finding)
    report = Report(program, at, kiosk, tuple(told))
    print(f"\n{_sum(report)}")
    return report


def _tell(finding: Finding) -> None:
    about = " ".join(filter(None, (finding.part, finding.name)))
    print(f"{SIGNS[finding.state]:{WIDTH}}  {about}: {finding.found}", flush=True)
    if finding.mend:
        print(f"{'':{WIDTH}}  -> {finding.mend}", flush=True)


def _sum(report: Report) -> str:
    counts = [sum(one.state is state for one in report.findings) for state in SIGNS]
    fine, warnings, faults, unknown = counts
    return f"{faults} at fault, {warnings} warnings, {fine} fine, {unknown} not checked"


def _say(what: str) -> None:
    print(f"  {what}", file=sys.stderr, flush=True)
