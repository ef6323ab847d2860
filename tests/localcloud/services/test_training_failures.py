"""A training job that cannot succeed: Failed, with the reason, and the next job works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from training_jobs import Training, archive, channel, members

from localcloud.jobs import script_mode
from localcloud.jobs.container import Exit


def reason(job: dict[str, Any]) -> str:
    assert job["TrainingJobStatus"] == "Failed", job["TrainingJobStatus"]
    assert job["SecondaryStatus"] == "Failed"
    return str(job["FailureReason"])


def test_the_reason_names_command_and_exit_code_and_the_log_alone_the_exception(training: Training) -> None:
    job = training.run("raise ValueError('the reviews have no column \"label\"')")
    told = reason(job).split("\n")
    assert told[:3] == ["AlgorithmError: ExecuteUserScriptError:", "ExitCode 1", 'ErrorMessage ""']
    assert told[3].startswith('Command "')
    assert told[3].endswith('/opt/ml/code/train.py", exit code: 1')
    assert 'ValueError: the reviews have no column "label"' in training.log(job["TrainingJobName"])


def test_the_toolkit_of_pytorch_reads_the_error_for_the_reason(tmp_path: Path) -> None:
    plan = script_mode.Plan([], tmp_path, {}, ("python3", str(tmp_path / "opt" / "ml" / "code" / "train.py")))
    job = {"AlgorithmSpecification": {"TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2"}}
    tail = ["epoch 1", "Traceback (most recent call last):", "ValueError: too few"]
    told = script_mode.failure_reason(job, plan, tmp_path / "opt" / "ml", Exit(1, False, False, 1.0), tail)
    assert 'ErrorMessage "ValueError: too few"\nCommand "python3 /opt/ml/code/train.py", exit code: 1' in told


def test_the_script_s_own_entrypoint_leaves_only_the_exit_code(training: Training) -> None:
    given = training.put("code/entry.py", "raise SystemExit(9)")
    algorithm = {"ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/entry.py"]}
    job = training.run("", algorithm=algorithm, channels={"code": given}, HyperParameters=None)
    assert reason(job) == "AlgorithmError: , exit code: 9"


def test_the_traceback_is_in_the_log(training: Training) -> None:
    job = training.run("def fit():\n    raise KeyError('rating')\nfit()")
    log = "\n".join(training.log(job["TrainingJobName"]))
    assert "Traceback" in log
    assert "in fit" in log


def test_the_next_job_after_a_failure_works(training: Training) -> None:
    reason(training.run("raise SystemExit('no')"))
    assert training.run("print('fine')")["TrainingJobStatus"] == "Completed"


def test_the_exit_code_is_in_the_reason(training: Training) -> None:
    assert "ExitCode 7" in reason(training.run("import sys; sys.exit(7)"))


def test_a_failure_file_is_the_reason(training: Training) -> None:
    script = "open('/opt/ml/output/failure', 'w').write('the learning rate is too high'); raise SystemExit(3)"
    assert "the learning rate is too high" in reason(training.run(script))


def test_a_long_failure_file_is_cut_at_what_aws_stores(training: Training) -> None:
    script = "open('/opt/ml/output/failure', 'w').write('x' * 5000); raise SystemExit(3)"
    assert len(reason(training.run(script))) <= 1024


def test_a_script_that_was_killed_says_so(training: Training) -> None:
    job = training.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "ExitCode 137" in reason(job)
    assert "Process killed by SIGKILL" in reason(job)


def test_a_syntax_error_is_in_the_log(training: Training) -> None:
    job = training.run("def broken(:\n    pass\n")
    assert "ExecuteUserScriptError" in reason(job)
    assert any("SyntaxError" in line for line in training.log(job["TrainingJobName"]))


def test_a_failed_job_has_no_model_but_keeps_its_output(training: Training) -> None:
    script = """
        open('/opt/ml/model/half.txt', 'w').write('half')
        open('/opt/ml/output/data/notes.txt', 'w').write('what went wrong')
        raise RuntimeError('too late')
    """
    job = training.run(script)
    assert "ExitCode 1" in reason(job)
    output = training.s3_uri(f"models/{job['TrainingJobName']}/output")
    assert members(f"{output}/output.tar.gz") == {"notes.txt": b"what went wrong"}
    with pytest.raises(training.s3.exceptions.ClientError, match="NoSuchKey"):
        members(f"{output}/model.tar.gz")


def test_an_unknown_bucket_is_the_reason(training: Training) -> None:
    job = training.run("pass", InputDataConfig=[channel("train", "s3://no-such-bucket-here/reviews")])
    assert "NoSuchBucket" in reason(job)
    assert "s3://no-such-bucket-here/reviews" in reason(job)


def test_an_empty_prefix_is_the_reason(training: Training) -> None:
    job = training.run("pass", InputDataConfig=[channel("train", training.s3_uri("nothing/is/here"))])
    assert "nothing matches this prefix" in reason(job)


def test_an_unknown_output_bucket_is_the_reason(training: Training) -> None:
    output = {"S3OutputPath": "s3://no-such-bucket-here/models"}
    job = training.run("open('/opt/ml/model/m', 'w').write('m')", OutputDataConfig=output)
    assert "NoSuchBucket" in reason(job)


def test_an_unknown_checkpoint_bucket_is_the_reason(training: Training) -> None:
    job = training.run("pass", CheckpointConfig={"S3Uri": "s3://no-such-bucket-here/checkpoints"})
    assert "NoSuchBucket" in reason(job)


def test_a_missing_program_is_the_reason(training: Training) -> None:
    assert "'train.py' is not in the submitted directory" in reason(training.run({"other.py": "pass"}))


def test_code_that_is_no_archive_is_the_reason(training: Training) -> None:
    source = training.put("code/broken.tar.gz", b"this is no archive")
    job = training.run("", HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": source})
    assert "not a readable .tar.gz archive" in reason(job)


def test_code_that_climbs_out_of_its_folder_is_refused(training: Training, tmp_path: Any) -> None:
    source = training.put("code/climbs.tar.gz", archive({"train.py": "pass", "../../../climbed.py": "escaped"}))
    job = training.run("", HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": source})
    assert "refused" in reason(job)
    assert "climbed.py" in reason(job)


def test_a_program_outside_the_submitted_directory_is_refused(training: Training) -> None:
    source = training.put("code/plain.tar.gz", archive({"train.py": "pass"}))
    job = training.run(
        "", HyperParameters={"sagemaker_program": "../../../etc/passwd", "sagemaker_submit_directory": source}
    )
    assert "leads out of its folder" in reason(job)


def test_requirements_that_cannot_be_installed_are_the_reason(training: Training) -> None:
    job = training.run({"train.py": "pass", "requirements.txt": "--no-index\nno-such-package-here==1.0\n"})
    assert reason(job).startswith("AlgorithmError: InstallRequirementsError:")
    assert any("no-such-package-here" in line for line in training.log(job["TrainingJobName"]))


def test_a_job_without_a_program_is_the_reason(training: Training) -> None:
    assert "names no program" in reason(training.run("pass", HyperParameters={"rate": "1"}))


def test_text_that_is_not_utf8_does_not_break_the_log(training: Training) -> None:
    job = training.run("import sys; sys.stdout.buffer.write(b'caf\\xe9 \\xff\\n')")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert training.log(job["TrainingJobName"]) == ["caf\ufffd \ufffd"]


def test_a_failed_download_still_shows_in_the_transitions(training: Training) -> None:
    job = training.run("pass", InputDataConfig=[channel("train", "s3://no-such-bucket-here/reviews")])
    stations = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert stations[-2:] == ["Downloading", "Failed"]
    assert "NoSuchBucket" in job["SecondaryStatusTransitions"][-1]["StatusMessage"]
