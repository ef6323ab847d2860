"""Lesson 08's Your turn: which members of a model's archive are code, and so must be read before it is deployed."""

from __future__ import annotations

from typing import Any

from helpers.checks.exercise import Exercise

# What jobs/pytorch/train.py packs: its code, and what can hold nothing but numbers and text.
CODE = ("code/inference.py", "code/messages.py", "code/model.py", "code/requirements.txt", "code/text.py")
DATA = {
    "model.safetensors": "safetensors holds tables of numbers, and nothing in it can run",
    "shape.json": "JSON is text, which is read and not run",
}


def mistake_in_suspects(answer: Any) -> str | None:
    """The hint for what is wrong in a list of names; "inference.py" counts as "code/inference.py"."""
    if isinstance(answer, str) or not isinstance(answer, list | tuple | set | frozenset):
        return f"`my_suspects` is a {type(answer).__name__}; write a list of names, as `['one.py', 'two.py']`."
    full = {name.rsplit("/", 1)[-1]: name for name in (*CODE, *DATA)}
    given = {full.get(str(name).rsplit("/", 1)[-1], str(name)) for name in answer}
    if unknown := sorted(given - set(full.values())):
        return f"There is no `{unknown[0]}` in her archive. The names stand below the cell above."
    if harmless := sorted(given & DATA.keys()):
        return f"`{harmless[0]}` you need not read: {DATA[harmless[0]]}."
    missing = sorted(set(CODE) - given)
    if "code/requirements.txt" in missing:
        return "One name does not end in `.py`, and still decides which programs are installed from the internet."
    if missing:
        return f"{len(missing)} more can run: SageMaker imports one file in `code/`, and that file imports others."
    return None


turn = Exercise(
    lab="lesson_08",
    name="my_suspects",
    find_mistake=mistake_in_suspects,
    hints=(
        "Ask of each file: does anybody run it, import it, or install what it says?",
        "Everything in `code/` is run, imported or installed. The two others hold numbers and text.",
    ),
    when_correct=(
        "These five run in your account, with the rights of your role; a stranger's you read line by line. "
        "The other two can only hold numbers and text."
    ),
)
