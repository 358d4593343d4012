"""Small files and small functions: `python -m tests.checks.sizes FOLDER...`.

The linter counts statements; this counts lines, for a reader reads lines. Database migrations are
left out: they are written once and never changed.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

MAX_FILE = 350
MAX_FUNCTION = 45


class Size(NamedTuple):
    where: str
    lines: int


def source_files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def functions_in(path: Path, source: str) -> Iterator[Size]:
    """Every function with its length from `def` (decorators not counted) to its last line."""
    for node in ast.walk(ast.parse(source, filename=str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno or node.lineno
            yield Size(f"{path}:{node.lineno} {node.name}", last - node.lineno + 1)


def measure(folders: Iterable[Path]) -> tuple[list[Size], list[Size]]:
    """The sizes of all files and of all functions below `folders`."""
    files: list[Size] = []
    functions: list[Size] = []
    for path in source_files(folders):
        source = path.read_text(encoding="utf-8")
        files.append(Size(str(path), len(source.splitlines())))
        functions.extend(functions_in(path, source))
    return files, functions


def summary(what: str, sizes: Sequence[Size], limit: int) -> str:
    lines = [size.lines for size in sizes]
    if len(lines) < 2:
        return f"{what}: {len(lines)}"
    p90 = quantiles(lines, n=10, method="inclusive")[-1]
    return (
        f"{what}: {len(lines)}, lines median {median(lines):.0f}, p90 {p90:.0f}, "
        f"max {max(lines)} (limit {limit})"
    )


def main(arguments: Sequence[str]) -> int:
    files, functions = measure(Path(name) for name in arguments)
    if not files:
        print("sizes: no Python file found", file=sys.stderr)
        return 2
    print(summary("files", files, MAX_FILE))
    print(summary("functions", functions, MAX_FUNCTION))
    too_long = [size for size in files if size.lines > MAX_FILE]
    too_long += [size for size in functions if size.lines > MAX_FUNCTION]
    for size in too_long:
        print(f"too long: {size.where}: {size.lines} lines", file=sys.stderr)
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
