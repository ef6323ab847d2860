"""Lessons show pieces of the very scripts that run, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.show import source

SCRIPT = '''"""A job."""
import pyspark

LIMIT = (
    3
)


@decorated(LIMIT)
def first(x: int) -> int:
    """The first."""
    return x


def second() -> None: ...
'''


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(source, "PROJECT", tmp_path)
    (tmp_path / "job.py").write_text(SCRIPT)
    return "job.py"


def test_a_function_is_shown_with_its_decorators_and_line_numbers(script: str) -> None:
    shown = source.show(script, "first").text
    assert shown.splitlines() == ["# job.py, lines 9-12", *SCRIPT.splitlines()[8:12]]


def test_several_names_come_in_the_order_asked_for(script: str) -> None:
    shown = source.show(script, "second", "LIMIT").text
    assert shown == "# job.py, lines 15-15\ndef second() -> None: ...\n\n# job.py, lines 4-6\nLIMIT = (\n    3\n)"


def test_jupyter_shows_python_code(script: str) -> None:
    assert source.show(script, "second")._repr_markdown_().startswith("```python\n# job.py")


def test_an_unknown_name_is_told_with_those_that_there_are(script: str) -> None:
    with pytest.raises(LookupError, match=r"does not define 'third'; it has LIMIT, first, second"):
        source.show(script, "third")
