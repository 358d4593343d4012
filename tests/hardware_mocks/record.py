"""Take down what a real reader and our driver say to each other, without anything of anybody's.

    python -m tests.hardware_mocks.record FAMILY DEVICE --to TRACE.jsonl [--seconds N]

FAMILY and DEVICE are as in a kiosk's configuration. Hold cards to the reader, one after another,
and take each away; a line is printed for each. It ends by itself after N seconds (30), with Ctrl-C,
or when the reader is lost. Serial numbers, codes and other texts are replaced before anything is
written; what nobody here knows to be harmless is not written. Then the file is searched for all
that was replaced, and deleted if anything is found. Cameras are not recorded: people are in their
pictures.
"""

import argparse
import signal
import sys
from pathlib import Path

from kiosk.readers import device_fault
from tests.hardware_mocks.traces.anonymise import anonymised, leaks
from tests.hardware_mocks.traces.invention import Invention
from tests.hardware_mocks.traces.recorder import Recorder
from tests.hardware_mocks.traces.taps import RECORDED, tapped
from tests.hardware_mocks.traces.trace import Trace, TraceError, write_trace
from tests.hardware_mocks.watch import line

SECONDS = 30.0
FROM_A_DEVICE = "a real device"


def record(
    family: str,
    device: str,
    seconds: float = SECONDS,
    *,
    recorded_from: str = FROM_A_DEVICE,
    looks_until_gone: int | None = None,
    recorder: Recorder | None = None,
) -> Trace:
    """A trace with everything in it that was on the wire: never to be written as it is. Ends
    earlier when `recorder.over` is set. Raises TraceError and OSError."""
    recorder = recorder or Recorder()
    tap = tapped(family, device, looks_until_gone, recorder)
    with tap as (reader, looks):
        reader.start(recorder.tell)
        try:
            recorder.over.wait(seconds)
        finally:
            trace = recorder.finish(family, recorded_from, looks)
            reader.stop()
    return trace


def keep(recorded: Trace, path: Path) -> None:
    """Write what is left of it when everything that is anybody's is replaced. Raises TraceError,
    and there is no file then."""
    invention = Invention()
    write_trace(anonymised(recorded, invention), path)
    try:
        found = leaks(path, invention)
    except BaseException:
        path.unlink()
        raise
    if found:
        path.unlink()
        raise TraceError(f"{' and '.join(found)} was left in the trace: it is deleted")


def main(arguments: list[str]) -> str | None:
    """Record. Returns what went wrong, if anything."""
    parser = argparse.ArgumentParser(prog="python -m tests.hardware_mocks.record")
    parser.add_argument("family", choices=RECORDED, help="cameras are not recorded")
    parser.add_argument("device", help="as in a kiosk's configuration")
    parser.add_argument("--to", type=Path, required=True, help="the file, which must not be there")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--what", default=FROM_A_DEVICE, help="maker and model, for the file")
    parser.add_argument("--looks", type=int, help="after so many looks a card counts as gone")
    asked = parser.parse_args(arguments)
    fault = device_fault(asked.family, asked.device)
    if fault is not None:
        return f"the reader {asked.family} {fault}"
    if asked.to.exists():
        return f"{asked.to} is there already"
    recorder = Recorder(lambda event: print(line(event), flush=True))
    endings = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(ending, lambda *_: recorder.over.set()) for ending in endings]
    try:
        trace = record(
            asked.family,
            asked.device,
            asked.seconds,
            recorded_from=asked.what,
            looks_until_gone=asked.looks,
            recorder=recorder,
        )
        keep(trace, asked.to)
    except (TraceError, OSError, ImportError) as error:
        return f"nothing was written: {error}"
    finally:
        for ending, handler in zip(endings, before, strict=True):
            signal.signal(ending, handler)
    why = f", since {recorder.why}" if recorder.why else ""
    print(f"{len(trace.items)} lines{why}: {asked.to}")
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
