"""The learner's copies: filled once, never overwritten, and the links of a copied notebook hold."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kit import work_folder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one lesson, with its lab and the job that it reads."""
    for name in ("notebooks/01_one.ipynb", "labs/01_one.ipynb", "solutions/01_one.ipynb", "jobs/glue/job.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text(f"as published: {name}")
    return tmp_path


def test_the_first_start_copies_and_says_so(project: Path) -> None:
    assert work_folder.fill(project) == ["Your own copy of 3 notebooks is in work/; the originals stay as they are."]
    assert (project / "work/labs/01_one.ipynb").read_text() == "as published: labs/01_one.ipynb"
    assert (project / "work/notebooks/../jobs/glue/job.py").read_text() == "as published: jobs/glue/job.py"


def test_a_second_start_changes_and_says_nothing(project: Path) -> None:
    work_folder.fill(project)
    (project / "work/notebooks/01_one.ipynb").write_text("as the learner ran it")
    assert work_folder.fill(project) == []
    assert (project / "work/notebooks/01_one.ipynb").read_text() == "as the learner ran it"


@pytest.mark.parametrize("learner_ran_it", [True, False])
def test_an_updated_lesson_is_announced_at_each_start_and_overwrites_nothing(
    project: Path, learner_ran_it: bool
) -> None:
    work_folder.fill(project)
    mine = project / "work/notebooks/01_one.ipynb"
    if learner_ran_it:
        mine.write_text("as the learner ran it")
    before = mine.read_text()
    (project / "notebooks/01_one.ipynb").write_text("a better lesson")
    for _ in range(2):
        (news,) = work_folder.fill(project)
        assert news.startswith("notebooks/01_one.ipynb has a newer version. Yours, work/notebooks/01_one.ipynb, stays")
    assert mine.read_text() == before


def test_a_copy_that_was_renamed_is_made_anew_and_the_news_end(project: Path) -> None:
    work_folder.fill(project)
    (project / "notebooks/01_one.ipynb").write_text("a better lesson")
    mine = project / "work/notebooks/01_one.ipynb"
    mine.rename(mine.with_name("my evening.ipynb"))
    assert work_folder.fill(project) == [
        "Your own copy of notebooks/01_one.ipynb is in work/; the originals stay as they are."
    ]
    assert mine.read_text() == "a better lesson"
    assert work_folder.fill(project) == []


def test_a_new_lesson_arrives_beside_the_old_ones(project: Path) -> None:
    work_folder.fill(project)
    (project / "notebooks/02_two.ipynb").write_text("new")
    assert work_folder.fill(project) == [
        "Your own copy of notebooks/02_two.ipynb is in work/; the originals stay as they are."
    ]


def test_a_damaged_record_loses_no_copy(project: Path) -> None:
    work_folder.fill(project)
    (project / "work/notebooks/01_one.ipynb").write_text("as the learner ran it")
    (project / "work" / work_folder.RECORD).write_text("[")
    (news,) = work_folder.fill(project)
    assert news.startswith("notebooks/01_one.ipynb has a newer version"), "the two that nobody ran are as published"
    assert (project / "work/notebooks/01_one.ipynb").read_text() == "as the learner ran it"


def test_a_project_that_was_moved_finds_its_jobs_again(project: Path) -> None:
    work_folder.fill(project)
    link = project / "work/jobs"
    link.unlink()
    link.symlink_to("../no-longer-here")
    work_folder.fill(project)
    assert (link / "glue/job.py").exists()


def test_every_place_that_a_notebook_names_is_there_from_its_copy(tmp_path: Path) -> None:
    for name in (*work_folder.COPIED, *work_folder.LINKED):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    work_folder.fill(tmp_path)
    named = 0
    for notebook in (tmp_path / "work").glob("*/*.ipynb"):
        for target in re.findall(r"(?:\]\(|\\?[\"'])(\.\./[\w/.-]+)", notebook.read_text(encoding="utf-8")):
            assert os.path.exists(notebook.parent / target), f"{notebook.name} names {target}"
            named += 1
    assert named > 20
