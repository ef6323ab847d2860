"""What a CreateAutoMLJobV2 request may ask for here, and what it means: checked at once, before any machine starts.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from localcloud.protocol import ServiceError

Json = dict[str, Any]
CSV, PARQUET = "text/csv;header=present", "x-application/vnd.amazon+parquet"
MINIMIZED = {"MSE", "RMSE", "MAE"}
# The metrics that AWS lists for a problem; the first is its default.
METRICS = {
    "Regression": ("MSE", "MAE", "R2", "RMSE"),
    "BinaryClassification": ("F1", "Accuracy", "AUC", "BalancedAccuracy", "Precision", "Recall"),
    "MulticlassClassification": ("Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"),
}
TEXT_CANDIDATES = 4  # AWS trains one language model instead
TABULAR_CANDIDATES = 10  # AWS: 250
_ELSEWHERE = ("ImageClassificationJobConfig", "TimeSeriesForecastingJobConfig", "TextGenerationJobConfig")


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


@dataclass(frozen=True)
class Question:
    """What a job is asked: the columns, the metric (None: the problem's default), and the limits."""

    kind: str  # TextClassification or Tabular
    target: str
    content: str | None
    problem: str | None
    metric: str | None
    content_type: str
    gzip: bool
    validation: bool
    fraction: float
    candidates: int
    seconds: float
    seconds_each: int | None
    specification: str | None

    def for_analysis(self) -> Json:
        """What `automl_data.py` wants to know."""
        names = ("target", "content", "problem", "content_type", "gzip", "validation", "fraction")
        return {name: getattr(self, name) for name in names}

    def metric_of(self, problem: str) -> str:
        """The objective, now that the problem type is known."""
        return self.metric or ("Accuracy" if self.kind == "TextClassification" else METRICS[problem][0])


def read(params: Json) -> Question:
    """Understand a request.

    Raises:
        ServiceError: ValidationException, for what AWS refuses and for what is not offered here; names it.
    """
    kinds = params["AutoMLProblemTypeConfig"]
    if len(kinds) != 1:
        raise invalid("AutoMLProblemTypeConfig needs exactly one problem type.")
    for name in _ELSEWHERE:
        if name in kinds:
            raise invalid(f"{name} is not offered by the local AWS: it has TextClassification and Tabular jobs.")
    for name in ("ModelDeployConfig", "AutoMLComputeConfig"):
        if params.get(name):
            raise invalid(
                f"{name} is not offered by the local AWS. A model of BestCandidate.InferenceContainers can be deployed."
            )
    text = "TextClassificationJobConfig" in kinds
    config = next(iter(kinds.values()))
    channel, has_validation = _channels(params["AutoMLJobInputDataConfig"], text)
    fraction = (params.get("DataSplitConfig") or {}).get("ValidationFraction")
    if fraction is not None and (has_validation or not 0 < fraction < 1):
        raise invalid("ValidationFraction must be above 0 and below 1, and there must be no validation channel.")
    metric = (params.get("AutoMLJobObjective") or {}).get("MetricName")
    problem = "BinaryClassification" if text else config.get("ProblemType")
    _check_text(config, metric) if text else _check_tabular(config, metric)
    limits = config.get("CompletionCriteria") or {}
    return Question(
        kind="TextClassification" if text else "Tabular",
        target=config["TargetLabelColumn" if text else "TargetAttributeName"],
        content=config.get("ContentColumn"),
        problem=None if text else problem,
        metric=metric,
        content_type=channel.get("ContentType") or CSV,
        gzip=channel.get("CompressionType") == "Gzip",
        validation=has_validation,
        fraction=fraction or 0.2,
        candidates=limits.get("MaxCandidates") or (TEXT_CANDIDATES if text else TABULAR_CANDIDATES),
        seconds=limits.get("MaxAutoMLJobRuntimeInSeconds", math.inf),
        seconds_each=limits.get("MaxRuntimePerTrainingJobInSeconds"),
        specification=config.get("FeatureSpecificationS3Uri"),
    )


def _channels(channels: list[Json], text: bool) -> tuple[Json, bool]:
    """The training channel, and whether there is one for validation."""
    kinds = [channel.get("ChannelType", "training") for channel in channels]
    if "training" not in kinds or len(set(kinds)) != len(kinds):
        raise invalid("AutoMLJobInputDataConfig needs one training channel, and may have one validation channel.")
    if len({(channel.get("ContentType") or CSV, channel.get("CompressionType")) for channel in channels}) > 1:
        raise invalid("Channels for training and validation must share the same ContentType and CompressionType.")
    for channel in channels:
        if (channel.get("ContentType") or CSV).replace(" ", "") not in (CSV, PARQUET):
            raise invalid(f"ContentType {channel['ContentType']} is not offered: it can be {CSV} or {PARQUET}.")
        source = (channel.get("DataSource") or {}).get("S3DataSource")
        if not source:
            raise invalid("Each channel needs a DataSource with an S3DataSource.")
        if source["S3DataType"] != "S3Prefix":
            raise invalid(f"S3DataType {source['S3DataType']} is not offered by the local AWS: use S3Prefix.")
        if channel.get("CompressionType") == "Gzip" and (text or channel.get("ContentType") == PARQUET):
            raise invalid("CompressionType Gzip is for CSV in tabular jobs only.")
    return channels[kinds.index("training")], "validation" in kinds


def _check_text(config: Json, metric: str | None) -> None:
    if metric not in (None, "Accuracy"):
        raise invalid(f"The metric {metric} is not one of text classification, which has Accuracy.")
    if config["ContentColumn"] == config["TargetLabelColumn"]:
        raise invalid("ContentColumn and TargetLabelColumn must differ.")
    if (config.get("CompletionCriteria") or {}).get("MaxCandidates", 1) != 1:
        raise invalid("MaxCandidates of a text classification job can be 1 only. Leave it out, or set time limits.")


def _check_tabular(config: Json, metric: str | None) -> None:
    problem = config.get("ProblemType")
    if bool(problem) != bool(metric):
        raise invalid("Give both ProblemType and AutoMLJobObjective, or neither of them.")
    if problem and metric not in METRICS[problem]:
        raise invalid(f"The metric {metric} is not one of {problem}, which has {', '.join(METRICS[problem])}.")
    for name in ("SampleWeightAttributeName", "GenerateCandidateDefinitionsOnly", "CandidateGenerationConfig"):
        if config.get(name):
            raise invalid(f"{name} is not offered by the local AWS.")
    if config.get("Mode") == "ENSEMBLING":
        raise invalid("Mode ENSEMBLING is not offered by the local AWS: use AUTO or HYPERPARAMETER_TUNING.")
