"""Predictions are asked where somebody can answer, kept at once, and scored against what was measured."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pexpect
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from helpers import PROJECT
from helpers.learner import measured, predict, scores, truth

DIRT = ("dirt", "How many lines in 100 have dirt in them?", [1, 10, 50])
BROKEN = ("broken", "What does SQL do?", ["it skips them", "the query fails"])
IN_A_PROCESS = """
from dataclasses import replace
from helpers.learner import predict
from helpers.workshop import connect
ws = replace(connect(quiet=True), learner="guesser", lesson="02")
"""
ASK = f"predict(ws, *{DIRT!r})"


def answer(ws: Any, monkeypatch: pytest.MonkeyPatch, question: tuple[Any, ...], *typed: str) -> None:
    """As in a terminal, where somebody types."""
    words = iter(typed)
    with monkeypatch.context() as patch:
        patch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        patch.setattr("builtins.input", lambda _: next(words))
        predict(ws, *question)


@pytest.fixture
def kernel(workshop: Any) -> Iterator[BlockingKernelClient]:
    """A Jupyter kernel, in the session's local AWS; the test is its front end."""
    manager, client = start_new_kernel(cwd=str(PROJECT), env={**os.environ, "PYTHONPATH": str(PROJECT)})
    try:
        client.execute_interactive(IN_A_PROCESS, timeout=120, output_hook=lambda _: None)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def messages(kernel: BlockingKernelClient, code: str, *, allow_stdin: bool) -> list[dict[str, Any]]:
    """What a kernel publishes while it runs a cell."""
    found: list[dict[str, Any]] = []
    reply = kernel.execute_interactive(code, allow_stdin=allow_stdin, timeout=60, output_hook=found.append)
    assert reply["content"]["status"] == "ok", reply["content"]
    return found


def click(kernel: BlockingKernelClient, opened: list[dict[str, Any]], choice: int) -> str:
    """Choose a radio button as JupyterLab does, and return what the line below the buttons says then."""
    comms = [message["content"] for message in opened if message["msg_type"] == "comm_open"]
    (buttons,) = [comm for comm in comms if comm["data"]["state"].get("_model_name") == "RadioButtonsModel"]
    data = {"method": "update", "state": {"index": choice}, "buffer_paths": []}
    kernel.shell_channel.send(kernel.session.msg("comm_msg", {"comm_id": buttons["comm_id"], "data": data}))
    while True:
        message = kernel.get_iopub_msg(timeout=30)
        state = message["content"].get("data", {}).get("state", {}) if message["msg_type"] == "comm_msg" else {}
        if "value" in state:
            return str(state["value"])


def test_a_click_in_a_notebook_is_kept_at_once_and_a_second_one_replaces_it(
    ws: Any, kernel: BlockingKernelClient
) -> None:
    opened = messages(kernel, ASK, allow_stdin=True)
    assert click(kernel, opened, 0) == "Noted: 1"
    assert scores(ws)["believed"].tolist() == ["1"]
    assert click(kernel, opened, 2) == "Noted: 50, in place of 1"
    assert scores(ws)["believed"].tolist() == ["50"]


def test_a_cell_that_is_run_again_says_what_was_answered(ws: Any, kernel: BlockingKernelClient) -> None:
    click(kernel, messages(kernel, ASK, allow_stdin=True), 1)
    states = [
        m["content"]["data"]["state"] for m in messages(kernel, ASK, allow_stdin=True) if "comm_id" in m["content"]
    ]
    assert "So far you say: 10" in [state.get("value") for state in states]


def test_where_the_front_end_asks_nobody_a_kernel_shows_the_question_and_keeps_nothing(
    ws: Any, kernel: BlockingKernelClient
) -> None:
    shown = messages(kernel, ASK, allow_stdin=False)
    texts = [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "display_data"]
    assert texts == ["○ Your prediction: How many lines in 100 have dirt in them?\n1 · 10 · 50"]
    assert not [m for m in shown if m["msg_type"] == "comm_open"]
    assert scores(ws).empty


def test_a_terminal_asks_by_numbers_until_it_has_one(ws: Any, tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text(IN_A_PROCESS + ASK)
    asked = pexpect.spawn(sys.executable, [str(script)], env={**os.environ, "PYTHONPATH": str(PROJECT)}, timeout=60)
    asked.expect_exact("  3  50")
    asked.expect_exact("Not answered yet")
    asked.sendline("many")
    asked.expect_exact("A number from 1 to 3, please.")
    asked.sendline("3")
    asked.expect_exact("Noted: 50")
    asked.expect(pexpect.EOF)
    assert scores(ws)["believed"].tolist() == ["50"]


def test_enter_skips_a_question(ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(ws, monkeypatch, DIRT, "")
    assert scores(ws).empty


@pytest.mark.parametrize(
    ("typed", "measured", "said"),
    [
        ("3", np.float64(57.25), "✔ Measured: 57.2. You said 50: right."),
        ("1", np.int64(57), "✘ Measured: 57. You said 1: not so, 50 is nearest."),
        ("2", 30, "✔ Measured: 30. You said 10: right."),
    ],
)
def test_the_number_nearest_to_what_is_measured_is_right(
    ws: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, typed: str, measured: Any, said: str
) -> None:
    answer(ws, monkeypatch, DIRT, typed)
    capsys.readouterr()
    truth(ws, "dirt", measured)
    assert capsys.readouterr().out.strip() == said
    assert scores(ws)["right"].tolist() == ["yes" if said[0] == "✔" else "no"]


def test_an_option_in_words_is_right_when_it_is_what_happened(ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(ws, monkeypatch, BROKEN, "2")
    truth(ws, "broken", "the query fails")
    assert scores(ws).to_dict("records") == [
        {
            "lesson": "02",
            "name": "broken",
            "question": "What does SQL do?",
            "believed": "the query fails",
            "measured": "the query fails",
            "right": "yes",
        }
    ]


def test_another_lesson_reads_what_was_measured(ws: Any) -> None:
    assert measured(ws, "02", "dirt") == "not yet"
    truth(ws, "dirt", 57.25)
    assert measured(ws, "02", "dirt") == "57.2"


def test_an_answer_after_the_measurement_is_no_prediction(
    ws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(ws, monkeypatch, DIRT, "1")
    truth(ws, "dirt", 57)
    answer(ws, monkeypatch, DIRT, "3")
    assert "Not noted: it is measured already." in capsys.readouterr().out
    assert scores(ws)[["believed", "right"]].to_numpy().tolist() == [["1", "no"]]


def test_what_nobody_predicted_is_measured_all_the_same(ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    truth(ws, "dirt", 57)
    assert capsys.readouterr().out.strip() == "○ Measured: 57. You made no prediction."
    assert scores(ws)[["believed", "measured", "right"]].to_numpy().tolist() == [["no entry", "57", ""]]


def test_a_question_without_an_answer_keeps_its_text_and_the_truth_names_the_nearest_option(
    ws: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(ws, *DIRT)
    capsys.readouterr()
    truth(ws, "dirt", 57)
    assert capsys.readouterr().out.strip() == "○ Measured: 57 (nearest: 50). You made no prediction."
    assert scores(ws)["question"].tolist() == [DIRT[1]]


def test_what_comes_of_assumptions_is_called_computed(ws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    truth(ws, "dirt", 50, computed=True)
    assert capsys.readouterr().out.strip() == "○ Computed: 50. You made no prediction."


def test_the_same_name_in_two_lessons_is_two_questions(ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    answer(ws, monkeypatch, DIRT, "1")
    answer(replace(ws, lesson="03"), monkeypatch, DIRT, "3")
    assert scores(ws)[["lesson", "believed"]].to_numpy().tolist() == [["02", "1"], ["03", "50"]]


@pytest.mark.parametrize("options", [[], ["one"], [1, "two"], [1, 1]])
def test_options_that_leave_no_choice_are_the_authors_mistake(ws: Any, options: list[Any]) -> None:
    with pytest.raises(ValueError, match="at least two different options"):
        predict(ws, "choice", "Which?", options)


@pytest.mark.parametrize(("question", "measured"), [(DIRT, "many"), (BROKEN, "it skips"), (BROKEN, 3)])
def test_a_truth_that_is_no_option_is_the_authors_mistake(ws: Any, question: tuple[Any, ...], measured: Any) -> None:
    predict(ws, *question)
    with pytest.raises(ValueError, match="no answer to a question with the options"):
        truth(ws, question[0], measured)
