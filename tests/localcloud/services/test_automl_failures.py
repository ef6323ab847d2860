"""AutoML jobs that are refused, or that fail."""

from __future__ import annotations

from typing import Any

import pytest
from automl_jobs import CSV, PARQUET, TEXT, AutoML, table, texts
from botocore.exceptions import ClientError
from training_jobs import Training

LABEL = {"TargetAttributeName": "label"}


@pytest.fixture(scope="session")
def automl(training: Training) -> AutoML:
    """Starts AutoML jobs in the session's local AWS."""
    return AutoML(training)


def refusal(automl: AutoML, **changes: Any) -> str:
    """The message of the ValidationException that a request gets."""
    channel = automl.channel("s3://no-such-bucket/x/", **changes.pop("channel", {}))
    problem = changes.pop("problem", LABEL)
    with pytest.raises(ClientError) as refused:
        automl.start(changes.pop("channels", None) or [channel], problem, **changes)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    return str(refused.value)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"problem": {**LABEL, "SampleWeightAttributeName": "w"}}, "SampleWeightAttributeName"),
        ({"problem": {**LABEL, "Mode": "ENSEMBLING"}}, "ENSEMBLING"),
        ({"problem": {**LABEL, "ProblemType": "Regression"}}, "both ProblemType and AutoMLJobObjective"),
        ({"AutoMLJobObjective": {"MetricName": "AUC"}}, "both ProblemType and AutoMLJobObjective"),
        (
            {"problem": {**LABEL, "ProblemType": "Regression"}, "AutoMLJobObjective": {"MetricName": "AUC"}},
            "AUC is not one of Regression",
        ),
        ({"problem": TEXT, "AutoMLJobObjective": {"MetricName": "F1"}}, "F1 is not one of text classification"),
        ({"problem": TEXT, "limits": {"MaxCandidates": 4}}, "MaxCandidates of a text classification job"),
        ({"problem": {**TEXT, "TargetLabelColumn": "review"}}, "must differ"),
        ({"ModelDeployConfig": {"AutoGenerateEndpointName": True}}, "ModelDeployConfig"),
        ({"channel": {"ContentType": "text/csv;header=absent"}}, "header=absent"),
        ({"channel": {"ChannelType": "validation"}}, "needs one training channel"),
        ({"channel": {"ContentType": PARQUET, "CompressionType": "Gzip"}}, "Gzip"),
        ({"DataSplitConfig": {"ValidationFraction": 1.0}}, "ValidationFraction"),
        ({"OutputDataConfig": {"S3OutputPath": "https://bucket/x"}}, "s3://bucket/key"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(automl: AutoML, changes: dict[str, Any], named: str) -> None:
    assert named in refusal(automl, **changes)


def test_other_kinds_of_source_and_of_problem_are_refused(automl: AutoML) -> None:
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://no-such-bucket/x"}}
    assert "ManifestFile" in refusal(automl, channel={"DataSource": source})
    images = {"ImageClassificationJobConfig": {}}
    assert "ImageClassificationJobConfig" in refusal(automl, AutoMLProblemTypeConfig=images)
    both = [automl.channel("s3://b/x/"), automl.channel("s3://b/x/", PARQUET, ChannelType="validation")]
    assert "must share the same ContentType" in refusal(automl, channels=both)


def test_a_name_is_taken_once_whatever_its_case(automl: AutoML) -> None:
    request = automl.request([automl.channel("s3://no-such-bucket/x/")], LABEL)
    automl.client.create_auto_ml_job_v2(**request)
    request["AutoMLJobName"] = request["AutoMLJobName"].upper()
    with pytest.raises(ClientError) as refused:
        automl.client.create_auto_ml_job_v2(**request)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"


def test_a_job_that_does_not_exist_is_not_found(automl: AutoML) -> None:
    for call in ("describe_auto_ml_job_v2", "stop_auto_ml_job", "list_candidates_for_auto_ml_job"):
        with pytest.raises(ClientError) as refused:
            getattr(automl.client, call)(AutoMLJobName="no-such-job")
        assert refused.value.response["Error"]["Code"] == "ResourceNotFound"


def failure(automl: AutoML, data: Any, problem: dict[str, Any], **changes: Any) -> str:
    """Why a job fails; it has no candidate then."""
    job = automl.run([automl.channel(data, changes.pop("kind", CSV))], problem, **changes)
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Failed", "Failed")
    assert automl.candidates(job["AutoMLJobName"]) == []
    return str(job["FailureReason"])


def test_data_that_cannot_be_learned_from_fails_with_its_reason(automl: AutoML) -> None:
    rows, few = table(), table(499)
    assert "label" in failure(automl, rows.drop(columns="label"), LABEL)
    assert "499 rows; at least 500" in failure(automl, few, LABEL)
    assert "only one value, yes" in failure(automl, rows.assign(label="yes"), LABEL)
    assert "review" in failure(automl, texts().rename(columns={"review": "text"}), TEXT)
    assert "not readable as Parquet" in failure(automl, automl.put(texts()), TEXT, kind=PARQUET)
    assert "has no objects" in failure(automl, automl.training.s3_uri("automl/nothing-here/"), TEXT)
    regression = {"TargetAttributeName": "label", "ProblemType": "Regression"}
    assert "not numeric" in failure(automl, rows, regression, AutoMLJobObjective={"MetricName": "MSE"})


def test_a_candidate_that_fails_does_not_fail_the_job(automl: AutoML) -> None:
    """Of two candidates the second, a support vector machine, cannot calibrate with two rows of a class."""
    data = texts(40)
    data.loc[2:, "sentiment"] = data["sentiment"].iloc[2:].where(data.index[2:] % 2 == 0, "negative")
    data.loc[[1, 3], "sentiment"] = "positive"
    validation = automl.channel(texts(20, seed=1), ChannelType="validation")
    job = automl.run([automl.channel(data), validation], TEXT)
    assert job["AutoMLJobStatus"] == "Completed"
    failed = automl.candidates(job["AutoMLJobName"], StatusEquals="Failed")
    assert failed
    assert failed[0]["ObjectiveStatus"] == "Failed"
    assert "InferenceContainers" not in failed[0]
    assert failed[0]["CandidateName"] in job["PartialFailureReasons"][0]["PartialFailureMessage"]


def test_when_all_candidates_fail_the_job_says_why(automl: AutoML) -> None:
    nothing = automl.run([automl.channel(texts().assign(review="..."))], TEXT, limits={"MaxCandidates": 1})
    assert nothing["AutoMLJobStatus"] == "Failed"
    assert "All candidates failed" in nothing["FailureReason"]
    assert "empty vocabulary" in nothing["FailureReason"]
    assert "BestCandidate" not in nothing
