"""`tilstede`: what people do at a kiosk and at the chapter's desk."""

import argparse
import sys
from collections.abc import Callable, Sequence

from kiosk.doctor import command as doctor
from kiosk.encoding import command as encoding


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that is asked for; returns its exit code: 0 all is well, 1 something is not,
    2 what was asked for cannot be."""
    options = _parser().parse_args(arguments)
    work: Callable[[argparse.Namespace], int] = options.work
    return work(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tilstede", description="Look after a Tilstede kiosk, and write cards."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    doctor.add_to(commands)
    encoding.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
