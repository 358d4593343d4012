"""Where policies come from: the files that are installed with the program, and a folder of the
server's own beside them."""

from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from presence.policy import Policy, following, in_force
from presence.policy_file import parse
from presence.settings import Fault, SettingsError

Versions = tuple[Policy, ...]
"""Of one society, the oldest first."""

SUFFIX = ".toml"


def read(path: Traversable) -> Versions:
    """One file. Raises SettingsError with every fault and its line."""
    where = str(path)
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(where, [Fault(None, "", f"cannot be read: {error}")]) from error
    return parse(text, where)


def shipped() -> Mapping[str, Versions]:
    """Those that are installed with the program, by society."""
    return _read_folder(files("presence") / "policies")


def read_all(folder: Path | None) -> Mapping[str, Versions]:
    """By society: those of `folder`, and the shipped ones of societies that have no file there.

    Raises SettingsError with the faults of the first file that has any, or when the folder cannot
    be read, holds no policy, or two of its files are of one society.
    """
    return {**shipped(), **({} if folder is None else _read_folder(folder))}


def told(versions: Versions, today: date) -> str:
    """In words, for whoever keeps the file: what is in force, and what comes next."""
    now, later = in_force(versions, today), following(versions, today)
    if now is later:
        return f"{now.society}: valid; the first version, of {now.version}, holds before it as well"
    since = f"{now.society}: valid; in force today ({today}) is the version of {now.version}"
    return f"{since}; the next one takes effect on {later.version}" if later else since


def _read_folder(folder: Traversable) -> Mapping[str, Versions]:
    found: dict[str, Versions] = {}
    for path in _files_in(folder):
        versions = read(path)
        society = versions[0].society
        if society in found:
            what = f"{society} has a file in this folder already"
            raise SettingsError(str(path), [Fault(None, "society", what)])
        found[society] = versions
    if not found:
        raise SettingsError(str(folder), [Fault(None, "", f"no {SUFFIX} file is in this folder")])
    return found


def _files_in(folder: Traversable) -> Iterator[Traversable]:
    try:
        paths = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        raise SettingsError(str(folder), [Fault(None, "", f"cannot be read: {error}")]) from error
    return (path for path in paths if path.name.endswith(SUFFIX))
