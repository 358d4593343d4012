"""`tilstede-kiosk --config kiosk.toml`: one kiosk, until it is told to stop.

Exit codes: 0 stopped as asked, 1 a fault (systemd starts it afresh), 2 the configuration is wrong
(starting afresh would not help).
"""

import argparse
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from kiosk import app
from kiosk.attached import open_readers
from kiosk.config import Config, load
from kiosk.indicator import IndicatorConfigError
from kiosk.readers import ReaderConfigError
from kiosk.readers.polling import ReaderHangsError
from kiosk.store import StoreError
from presence.errors import TrustError
from presence.settings import SettingsError

log = logging.getLogger("kiosk")

OK, FAULT, MISCONFIGURED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        config = load(options.config, app.CHOICES)
        if options.check:
            app.load_trust(config.trust)
            open_readers(config)
            return OK
        _log_to_stderr(config.log_level)
        return _serve(config)
    except (SettingsError, ReaderConfigError, IndicatorConfigError, TrustError) as error:
        print(error, file=sys.stderr)
        return MISCONFIGURED


def _serve(config: Config) -> int:
    try:
        kiosk = app.build(config)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: kiosk.stop())
        kiosk.run()
    except (StoreError, ReaderHangsError, OSError) as error:
        log.error("the kiosk cannot run: %s", error)
        return FAULT
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tilstede-kiosk", description="One Tilstede kiosk.")
    parser.add_argument("--config", type=Path, required=True, help="its configuration, a TOML file")
    parser.add_argument(
        "--check", action="store_true", help="only say what is wrong with the configuration"
    )
    return parser


def _log_to_stderr(level: str) -> None:
    """To where systemd's journal takes it from, which adds the time itself."""
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(levelname)s %(name)s: %(message)s"
    )


if __name__ == "__main__":
    sys.exit(main())
