"""What AWS would bill beyond what was measured at home: assumptions, each named once. On AWS nothing is added.

AWS bills a job from when its machine begins to load, the image first, then the data and the script's libraries; an
endpoint while it is created, too. At home all that lies there already. AutoML brings a machine of AWS's choice.
Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html (TrainingStartTime)
"""

from __future__ import annotations

from helpers.money import costs
from helpers.studio import on_aws

MINUTES = {"Training": 2, "Processing": 2, "Batch Transform": 5, "Hosting": 5}
AUTOML_INSTANCE, AUTOML_MINUTES = "ml.g4dn.xlarge", 60
ASSUMED = (
    f"Assumed for AWS: a job is billed {MINUTES['Training']} minutes longer than it took here, a transform job or an "
    f"endpoint {MINUTES['Hosting']}, to load; an AutoML job for {AUTOML_MINUTES} minutes of {AUTOML_INSTANCE}."
)


def seconds(component: str, measured: float) -> float:
    """The seconds that AWS bills for a machine at work: what was measured, and at home the loading.

    Args:
        component: as the price table calls it, a key of `MINUTES`.
        measured: 0 for a job that never began, which costs nothing.
    """
    return measured if on_aws() or not measured else measured + 60 * MINUTES[component]


def automl() -> costs.Estimate:
    """What an AutoML job is taken to cost on AWS, as lesson 04 states it."""
    return costs.training(AUTOML_INSTANCE, AUTOML_MINUTES)
