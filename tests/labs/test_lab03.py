"""Lab 03 teaches what the Glue job does: its cleaning, the names of its reasons, its report and its shares."""

from __future__ import annotations

import html
import re
import unicodedata

from helpers.checks import lab03
from helpers.show import source

JOB = "jobs/glue/reviews_etl.py"
CLEANING = (
    *("BLOCK", "INLINE", "TAG", "BLOCK_TAG", "INLINE_TAG", "ENTITY", "CP1252", "TO_BYTE", "TAIL", "MOJIBAKE"),
    *("CONTROLS", "repair_mojibake", "clean_text"),
)


def test_the_job_cleans_as_exercise_1_asks() -> None:
    job = {"re": re, "html": html, "unicodedata": unicodedata}
    exec(source.show(JOB, *CLEANING).text, job)  # the job itself needs Spark to be imported
    assert lab03.q1.grade(job["clean_text"]).status == "correct"


def test_the_reasons_of_exercise_2_are_the_jobs() -> None:
    judging = source.show(JOB, "add_reason").text
    assert f'"{lab03.NO_REVIEW}"' in judging
    assert f'"{lab03.NO_LABEL}"' in judging


def test_a_report_of_exercise_3_has_the_keys_of_the_jobs() -> None:
    keys = re.findall(r'^ +"(\w+)":', source.show(JOB, "make_report").text, re.MULTILINE)
    assert sorted(keys) == sorted(lab03.SOUND)


def test_the_shares_of_exercise_4_are_the_jobs() -> None:
    asked = ", ".join(f"{share:.0%}".replace("%", " %") for share in lab03.SHARES.values())
    assert asked == "70 %, 10 %, 20 %"
    assert "70 % of the titles train, 10 % validation, 20 % test" in source.show(JOB, "add_split").text
