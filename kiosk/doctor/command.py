"""`tilstede doctor`."""

import argparse
import sys
from typing import Any


def add_to(commands: Any) -> None:
    """Let `tilstede` know this command."""
    found = commands.add_parser("doctor", help="not written yet")
    found.set_defaults(work=run)


def run(_options: argparse.Namespace) -> int:
    """Not written yet."""
    print("not written yet", file=sys.stderr)
    return 2
