"""The course's drawings say in words what they show."""

from __future__ import annotations

import re
from pathlib import Path

from helpers.show import drawings
from helpers.show.figures import Picture

NOTEBOOKS = Path(__file__).resolve().parents[3] / "notebooks"


def test_the_journey_names_every_step_in_its_order(shown: list[Picture]) -> None:
    drawings.journey()
    assert shown[0].png.startswith(b"\x89PNG")
    assert shown[0].title == "From raw reviews to an endpoint; a pipeline repeats features and training"
    lessons = re.findall(r"lesson (\d\d)", shown[0].alt)
    assert lessons == sorted(lessons)
    assert shown[0].alt.index("raw reviews") < shown[0].alt.index("cleaning job") < shown[0].alt.index("endpoint")


def test_the_journey_names_only_lessons_that_exist(shown: list[Picture]) -> None:
    drawings.journey()
    lessons = {path.name[:2] for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")}
    assert set(re.findall(r"lesson (\d\d)", shown[0].alt)) <= lessons


def test_the_circle_names_each_step_in_words(shown: list[Picture]) -> None:
    drawings.cycle()
    alt = shown[0].alt
    assert alt.index("question") < alt.index("train, tune (many") < alt.index("next question")
    assert "lesson 04)" in alt
    assert "lessons 02, 03)" in alt


def test_the_chain_names_every_link_and_who_does_it(shown: list[Picture]) -> None:
    drawings.chain()
    assert shown[0].title == "Of 10 links, 1 needs a person: the approval"
    for link in ("Object Created (EventBridge rule)", "clean and split (Glue workflow)", "approval (a person)"):
        assert link in shown[0].alt


def test_the_stack_names_its_layers_and_services(shown: list[Picture]) -> None:
    drawings.stack()
    assert shown[0].png.startswith(b"\x89PNG")
    assert "Managed AI (you bring: a question): Comprehend * (text)" in shown[0].alt
    for name in ("Rekognition", "Translate", "Transcribe", "Bedrock", "SageMaker AI", "EC2"):
        assert name in shown[0].alt
