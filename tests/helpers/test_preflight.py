"""The pre-flight finds what is wrong and says what to do."""

from collections import namedtuple

import pytest

from helpers import preflight


def test_this_machine_is_fit_for_the_course() -> None:
    assert [finding for finding in preflight.findings() if finding.level == preflight.PROBLEM] == []


def test_a_disk_that_is_nearly_full_is_a_problem_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda _: usage(100, 99, 2**30))
    problem = next(finding for finding in preflight.findings() if finding.what == "Disk")
    assert problem.level == preflight.PROBLEM
    assert "1.0 GB free" in problem.text
    assert "Free some space" in problem.text


def test_a_check_that_fails_itself_is_reported_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> preflight.Finding:
        raise OSError("no such device")

    monkeypatch.setattr(preflight, "CHECKS", (broken,))
    assert preflight.findings()[0].text == "OSError: no such device"


def test_the_summary_tells_by_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert preflight.main(["--details"]) == 0
    assert "Python" in capsys.readouterr().out


def test_on_aws_nothing_is_said_of_this_machines_local_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_CLOUD", "aws")
    found = {finding.what: finding for finding in preflight.findings()}
    assert not {"Local AWS", "Java", "Images"} & set(found)
    assert "AWS account at hand" in found["AWS"].text
