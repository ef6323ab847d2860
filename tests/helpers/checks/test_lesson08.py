"""The names that lesson 08 asks about are those that the training script packs."""

from __future__ import annotations

import ast

from own_cloud import PROJECT

from helpers.checks import lesson08


def test_the_code_of_the_archive_is_what_the_script_copies_into_it() -> None:
    script = ast.parse((PROJECT / "jobs" / "pytorch" / "train.py").read_text(encoding="utf-8"))
    values = [
        node.value
        for node in script.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets) == "SERVING_CODE"
    ]
    (packed,) = map(ast.literal_eval, values)
    assert {f"code/{name}" for name in (*packed, "requirements.txt")} == set(lesson08.CODE)
