"""Names of tuning jobs, as AWS allows them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from helpers.models import training
from helpers.workshop import LONGEST_LEARNER


@pytest.mark.parametrize("learner", ["a", "ada", "x" * LONGEST_LEARNER])
def test_a_name_fits_and_says_whose_it_is(workshop: Any, learner: str) -> None:
    name = training.search_name(replace(workshop, learner=learner), "random")
    assert len(name) <= 32
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}", name)
    assert name.startswith(f"dsaws-{learner}-"), "else neither the ledger nor the clean-up finds it"
