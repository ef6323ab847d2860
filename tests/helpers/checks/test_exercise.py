"""What an exercise says and shows, apart from what any one lab asks."""

import sys

import pytest

from helpers.checks.exercise import Exercise
from helpers.show.card import Card


def mistake(answer):
    return None if answer(2) == 4 else "That is not <double>: see `x + x`."


@pytest.fixture
def double():
    return Exercise("03_glue_etl", "double", mistake, ("Add.", "Add it to itself."), "Twice is twice.")


def says_nothing(x):
    """Only a docstring."""


def is_as_the_lab_gives_it(x): ...  # your code here


@pytest.mark.parametrize("answer", [..., None, says_nothing, is_as_the_lab_gives_it, lambda x: None])
def test_an_untouched_answer_is_not_attempted(double, answer):
    assert double.grade(answer).status == "not attempted"


@pytest.mark.parametrize("answer", [lambda x: 3, lambda x: "text", lambda x: print()])
def test_an_answer_that_does_anything_is_attempted(double, answer):
    assert double.grade(answer).status == "incorrect"


def test_an_error_names_the_line_it_comes_from(double):
    def divides(x):
        return x / 0

    stops = "Your code stops with `ZeroDivisionError: division by zero` in the line `return x / 0`."
    assert double.grade(divides).message == stops


def test_an_answer_that_leaves_the_program_is_incorrect_and_told_calmly(double):
    outcome = double.grade(lambda x: sys.exit("enough"))
    assert outcome.status == "incorrect"
    assert "SystemExit: enough" in outcome.message


def test_check_reads_the_answer_from_the_notebook(double, monkeypatch, capsys):
    monkeypatch.setattr(sys.modules["__main__"], "double", lambda x: x * 2, raising=False)
    double.check()
    assert capsys.readouterr().out == "✔ Correct: Twice is twice.\n"


def test_check_of_a_missing_name_does_not_raise(double, capsys):
    double.check()
    assert capsys.readouterr().out.startswith("○ Not attempted: double is not written yet.")


@pytest.mark.parametrize(("number", "shown"), [(1, "Hint 1 of 2: Add.\n"), (9, "Hint 2 of 2: Add it to itself.\n")])
def test_hints_are_numbered(double, capsys, number, shown):
    double.hint(number)
    assert capsys.readouterr().out.endswith(shown)


def test_the_card_in_jupyter_has_a_word_and_a_symbol_and_escapes_the_text():
    shown = Card("incorrect", "Incorrect", "That is not <double>: see `x + x`.")._repr_html_()
    assert "✘ Incorrect" in shown
    assert "not &lt;double&gt;: see <code>x + x</code>." in shown
