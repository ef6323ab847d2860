"""AutoML jobs over boto3: a search whose candidates are training jobs, and whose best can be deployed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from automl_jobs import CSV, PARQUET, TEXT, AutoML, table, texts
from botocore.exceptions import ClientError
from endpoints import Hosting
from training_jobs import Training


@pytest.fixture(scope="session")
def automl(training: Training) -> AutoML:
    """Starts AutoML jobs in the session's local AWS."""
    return AutoML(training)


@pytest.fixture(scope="session")
def text_job(automl: AutoML) -> dict[str, Any]:
    """A text job over CSV with a validation channel, ended."""
    validation = automl.channel(texts(40, seed=1), ChannelType="validation")
    return automl.run([automl.channel(texts()), validation], TEXT)


@pytest.fixture(scope="session")
def tabular_job(automl: AutoML) -> dict[str, Any]:
    """A tabular job over Parquet, its problem type inferred, ended."""
    return automl.run([automl.channel(table().drop(columns="price"), PARQUET)], {"TargetAttributeName": "label"})


def value(candidate: dict[str, Any]) -> float:
    assert candidate["CandidateStatus"] == "Completed", candidate.get("FailureReason")
    return float(candidate["FinalAutoMLJobObjectiveMetric"]["Value"])


def deploy(hosting: Hosting, candidate: dict[str, Any], output: str = "") -> str:
    """An endpoint of a candidate's own container; `output` is what its answers shall hold."""
    container = candidate["InferenceContainers"][0]
    if output:
        container["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] = output
    name = candidate["CandidateName"][:60]
    hosting.client.create_model(ModelName=name, ExecutionRoleArn=hosting.training.role, PrimaryContainer=container)
    return hosting.serve(hosting.config(name))


def ask(hosting: Hosting, endpoint: str, body: str, kind: str = "text/csv", accept: str = "text/csv") -> str:
    answer = hosting.runtime.invoke_endpoint(EndpointName=endpoint, ContentType=kind, Accept=accept, Body=body.encode())
    return str(answer["Body"].read().decode())


def test_a_text_job_searches_and_learns_what_a_text_says(text_job: dict[str, Any]) -> None:
    assert text_job["AutoMLJobStatus"] == "Completed", text_job.get("FailureReason")
    assert text_job["AutoMLJobSecondaryStatus"] == "MaxCandidatesReached"
    assert text_job["AutoMLProblemTypeConfigName"] == "TextClassification"
    assert text_job["ResolvedAttributes"]["AutoMLJobObjective"] == {"MetricName": "Accuracy"}
    assert value(text_job["BestCandidate"]) == 1.0
    assert text_job["EndTime"] >= text_job["CreationTime"]


def test_candidates_differ_in_their_recipe(automl: AutoML, text_job: dict[str, Any]) -> None:
    candidates = automl.candidates(text_job["AutoMLJobName"])
    recipes = [automl.training.describe(c["CandidateName"])["HyperParameters"] for c in candidates]
    assert len(candidates) == 4
    assert len({json.dumps(recipe, sort_keys=True) for recipe in recipes}) == 4
    assert len({recipe["model"] for recipe in recipes}) >= 2


def test_a_candidate_is_a_training_job_with_a_bill_a_log_and_a_model(automl: AutoML, text_job: dict[str, Any]) -> None:
    best = text_job["BestCandidate"]
    step = best["CandidateSteps"][0]
    job = automl.training.describe(step["CandidateStepName"])
    assert step["CandidateStepType"] == "AWS::SageMaker::TrainingJob"
    assert job["TrainingJobArn"] == step["CandidateStepArn"]
    assert job["AutoMLJobArn"] == text_job["AutoMLJobArn"]
    assert job["BillableTimeInSeconds"] >= 1
    assert best["InferenceContainers"][0]["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    assert best["InferenceContainerDefinitions"]["CPU"] == best["InferenceContainers"]
    assert any(line.startswith("validation:Accuracy=") for line in automl.training.log(job["TrainingJobName"]))


def test_the_best_candidate_has_the_best_value(automl: AutoML, tabular_job: dict[str, Any]) -> None:
    candidates = automl.candidates(tabular_job["AutoMLJobName"])
    assert value(tabular_job["BestCandidate"]) == max(map(value, candidates))
    assert automl.metrics(tabular_job["BestCandidate"])["F1"] == value(tabular_job["BestCandidate"])


def test_candidates_are_listed_by_value_status_and_name(automl: AutoML, text_job: dict[str, Any]) -> None:
    name = text_job["AutoMLJobName"]
    down = automl.candidates(name, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    assert [value(c) for c in down] == sorted((value(c) for c in down), reverse=True)
    assert automl.candidates(name, StatusEquals="Failed") == []
    one = automl.candidates(name, CandidateNameEquals=down[2]["CandidateName"])
    assert [c["CandidateName"] for c in one] == [down[2]["CandidateName"]]
    pages = automl.client.get_paginator("list_candidates_for_auto_ml_job").paginate(
        AutoMLJobName=name, PaginationConfig={"PageSize": 3}
    )
    assert [len(page["Candidates"]) for page in pages] == [3, 1]


def test_a_tabular_job_finds_out_the_problem_and_the_columns(automl: AutoML, tabular_job: dict[str, Any]) -> None:
    assert tabular_job["AutoMLJobStatus"] == "Completed", tabular_job.get("FailureReason")
    resolved = tabular_job["ResolvedAttributes"]
    tabular = resolved["AutoMLProblemTypeResolvedAttributes"]["TabularResolvedAttributes"]
    assert tabular == {"ProblemType": "BinaryClassification"}
    assert resolved["AutoMLJobObjective"] == {"MetricName": "F1"}
    key = f"tests/automl-output/{tabular_job['AutoMLJobName']}/preprocessed-data/schema/schema.json"
    schema = json.loads(automl.training.s3.get_object(Bucket=automl.training.bucket, Key=key)["Body"].read())
    types = {feature["name"]: feature["type"] for feature in schema["features"]}
    assert types == {"size": "numeric", "colour": "categorical", "bought": "datetime", "remark": "text"}
    assert automl.metrics(tabular_job["BestCandidate"])["Accuracy"] > 0.95


def test_a_regression_minimizes_its_error(automl: AutoML) -> None:
    """With Gzip, and only the features that a specification names."""
    data = automl.put(table().drop(columns="label"), compression="gzip")
    specification = automl.training.put(
        "automl/specification.json", json.dumps({"FeatureAttributeNames": ["size", "colour"]})
    )
    config = {"TargetAttributeName": "price", "FeatureSpecificationS3Uri": specification}
    job = automl.run(
        [automl.channel(data, CompressionType="Gzip")],
        {**config, "ProblemType": "Regression"},
        AutoMLJobObjective={"MetricName": "RMSE"},
        limits={"MaxCandidates": 3},
    )
    assert job["AutoMLJobStatus"] == "Completed", job.get("FailureReason")
    best = job["BestCandidate"]
    assert best["FinalAutoMLJobObjectiveMetric"]["Type"] == "Minimize"
    assert value(best) == min(map(value, automl.candidates(job["AutoMLJobName"])))
    assert automl.metrics(best)["R2"] > 0.9


def test_more_than_two_classes_of_whole_numbers(automl: AutoML) -> None:
    data = table().drop(columns=["label", "price"])
    data["stars"] = data["size"].fillna(0).round().clip(-1, 1) + 2
    job = automl.run([automl.channel(data)], {"TargetAttributeName": "stars"}, limits={"MaxCandidates": 1})
    assert job["AutoMLJobStatus"] == "Completed", job.get("FailureReason")
    assert job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["MetricName"] == "Accuracy"
    assert {"F1macro", "BalancedAccuracy", "InferenceLatency"} <= set(automl.metrics(job["BestCandidate"]))


def test_the_best_text_candidate_answers_csv_and_json(hosting: Hosting, text_job: dict[str, Any]) -> None:
    endpoint = deploy(hosting, text_job["BestCandidate"])
    assert ask(hosting, endpoint, '"so moving, and\nnever dull"\nso silly\n') == "positive\nnegative\n"
    answer = ask(hosting, endpoint, json.dumps(["a boring film"]), "application/json", "application/json")
    assert json.loads(answer) == {"predictions": [{"predicted_label": "negative"}]}
    with pytest.raises(ClientError, match="row 1 has 2 columns") as refused:
        ask(hosting, endpoint, "so silly, so moving\n")
    assert refused.value.response["Error"]["Code"] == "ModelError"


def test_the_best_tabular_candidate_tells_its_probabilities_when_asked(
    hosting: Hosting, tabular_job: dict[str, Any]
) -> None:
    keys = "predicted_label,probability,probabilities,labels"
    endpoint = deploy(hosting, tabular_job["BestCandidate"], keys)
    rows = [{"size": 2.5, "colour": "red", "bought": "2026-01-20", "remark": "one that nobody knows"}]
    row = json.loads(ask(hosting, endpoint, json.dumps(rows), "application/json", "application/json"))["predictions"][0]
    assert (row["predicted_label"], row["labels"]) == ("yes", ["no", "yes"])
    assert row["probability"] == row["probabilities"][1] > 0.5
    missing = ask(hosting, endpoint, ",violet,,\n-3,green,2026-01-02,no remark\n")
    assert [line.split(",")[0] for line in missing.splitlines()][1] == "no"


def test_jobs_are_listed_newest_first_and_by_status(automl: AutoML, text_job: dict[str, Any]) -> None:
    name = text_job["AutoMLJobName"]
    listed = automl.client.list_auto_ml_jobs(NameContains=name, StatusEquals="Completed")["AutoMLJobSummaries"]
    assert [job["AutoMLJobArn"] for job in listed] == [text_job["AutoMLJobArn"]]
    assert automl.client.list_auto_ml_jobs(NameContains=name, StatusEquals="Failed")["AutoMLJobSummaries"] == []


def test_a_job_can_be_tagged(automl: AutoML, text_job: dict[str, Any]) -> None:
    automl.client.add_tags(ResourceArn=text_job["AutoMLJobArn"], Tags=[{"Key": "course", "Value": "dsaws"}])
    assert automl.client.list_tags(ResourceArn=text_job["AutoMLJobArn"])["Tags"] == [
        {"Key": "course", "Value": "dsaws"}
    ]


def test_the_sdk_creates_waits_and_reads_the_best_candidate(automl: AutoML, workshop: Any) -> None:
    from sagemaker.core import shapes
    from sagemaker.core.resources import AutoMLJobV2

    source = shapes.AutoMLS3DataSource(s3_data_type="S3Prefix", s3_uri=automl.put(texts(60)))
    channel = shapes.AutoMLJobChannel(
        channel_type="training", content_type=CSV, data_source=shapes.AutoMLDataSource(s3_data_source=source)
    )
    config = shapes.TextClassificationJobConfig(
        content_column="review",
        target_label_column="sentiment",
        completion_criteria=shapes.AutoMLJobCompletionCriteria(max_candidates=1),
    )
    job = AutoMLJobV2.create(
        auto_ml_job_name="from-the-sdk",
        auto_ml_job_input_data_config=[channel],
        output_data_config=shapes.AutoMLOutputDataConfig(s3_output_path=automl.training.s3_uri("automl-output")),
        auto_ml_problem_type_config=shapes.AutoMLProblemTypeConfig(text_classification_job_config=config),
        role_arn=workshop.role,
    )
    assert job is not None
    job.wait(poll=1, timeout=90)
    assert job.auto_ml_job_status == "Completed"
    assert job.best_candidate.candidate_status == "Completed"
    assert len(automl.candidates("from-the-sdk")) == 1
