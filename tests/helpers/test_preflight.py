"""The pre-flight finds what is wrong and says what to do."""

from collections import namedtuple

import pytest

import kit.preflight
from helpers import preflight


def test_this_machine_is_fit_for_the_course() -> None:
    assert [finding for finding in preflight.findings() if finding.level == preflight.PROBLEM] == []


def disk(monkeypatch: pytest.MonkeyPatch, free_gb: float, *, built: bool) -> preflight.Finding:
    """What is said of a disk with so much room, on a machine that has built all its environments, or none."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: usage(100, 99, free_gb * 2**30))
    monkeypatch.setattr(preflight, "_missing_images", lambda: [] if built else ["glue-5.1"])
    monkeypatch.setattr(preflight.local_training, "is_ready", lambda _: built)
    return next(finding for finding in preflight.findings() if finding.what == "Disk")


def test_a_disk_that_is_nearly_full_is_a_problem_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = disk(monkeypatch, 5.9, built=False)
    assert problem.level == preflight.PROBLEM
    assert "5.9 GB free" in problem.text
    assert "6 GB are needed. Free some space" in problem.text


def test_a_disk_on_which_only_lesson_08_has_no_room_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    note = disk(monkeypatch, 6.1, built=False)
    assert note.level == preflight.NOTE
    assert "lesson 08" in note.text
    assert disk(monkeypatch, 12.1, built=False).level == preflight.GOOD


def test_where_all_is_built_already_a_little_room_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk(monkeypatch, 1.1, built=True).level == preflight.GOOD
    assert disk(monkeypatch, 0.9, built=True).level == preflight.PROBLEM


def test_a_check_that_fails_itself_is_reported_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> preflight.Finding:
        raise OSError("no such device")

    monkeypatch.setattr(preflight, "CHECKS", (broken,))
    assert preflight.findings()[0].text == "OSError: no such device"


def test_the_summary_tells_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert kit.preflight.main(["--details"]) == 0
    assert "Python" in capsys.readouterr().out


def test_on_aws_nothing_is_said_of_this_machines_local_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CLOUD", "aws")
    found = {finding.what: finding for finding in preflight.findings()}
    assert not {"Local AWS", "Java", "Images"} & set(found)
    assert "AWS account at hand" in found["AWS"].text
