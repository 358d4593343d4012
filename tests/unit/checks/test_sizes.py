from pathlib import Path

import pytest

from tests.checks import sizes


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def function_of(lines: int, name: str = "long") -> str:
    return f"def {name}():\n" + "    pass\n" * (lines - 1)


def test_a_function_at_the_limit_passes(tmp_path: Path) -> None:
    write(tmp_path, "a.py", function_of(sizes.MAX_FUNCTION))
    assert sizes.main([str(tmp_path)]) == 0


def test_a_function_one_line_over_the_limit_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "deep/a.py", "x = 1\n" + function_of(sizes.MAX_FUNCTION + 1))
    assert sizes.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"too long: {tmp_path}/deep/a.py:2 long: 46 lines\n"


def test_methods_and_coroutines_are_counted_too(tmp_path: Path) -> None:
    body = "        pass\n" * sizes.MAX_FUNCTION
    write(tmp_path, "a.py", f"class A:\n    async def long(self):\n{body}")
    assert sizes.main([str(tmp_path)]) == 1


def test_a_file_at_the_limit_passes_and_one_line_more_does_not(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "x = 1\n" * sizes.MAX_FILE)
    assert sizes.main([str(tmp_path)]) == 0
    write(tmp_path, "a.py", "x = 1\n" * (sizes.MAX_FILE + 1))
    assert sizes.main([str(tmp_path)]) == 1


def test_migrations_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "a.py", "x = 1\n")
    write(tmp_path, "migrations/versions/b.py", "x = 1\n" * (sizes.MAX_FILE + 1))
    assert sizes.main([str(tmp_path)]) == 0


def test_a_folder_without_python_is_an_error_and_not_a_pass(tmp_path: Path) -> None:
    assert sizes.main([str(tmp_path / "misspelt")]) == 2
