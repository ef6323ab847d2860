"""Lesson 10's Your turn: the worked answer, another right one, and plausible wrong ones with words of their hints.

The tests prove them all, on the lesson as it is when a learner comes to the cell.
"""

# solution
my_pattern = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
    "detail": {"currentPipelineExecutionStatus": ["Failed"]},
}
# end solution

KIND = "SageMaker Model Building Pipeline Execution Status Change"
RIGHT = {
    "my_pattern": {
        "all that is not well, by a prefix of the sender": {
            "source": [{"prefix": "aws.sage"}],
            "detail-type": [KIND],
            "detail": {"currentPipelineExecutionStatus": ["Failed", "Stopped"]},
        },
    }
}
SENDER, ABOUT = '"source": ["aws.sagemaker"]', f'"detail-type": ["{KIND}"]'
FAILED = '"detail": {"currentPipelineExecutionStatus": ["Failed"]}'
WRONG = {
    "my_pattern": {
        "{}": "EventBridge refuses it",
        '{"source": "aws.sagemaker"}': "Each value stands in a list",
        f"{{{SENDER}, {ABOUT}}}": "name the status",
        f"{{{SENDER}, {FAILED}}}": "name the `detail-type`",
        f"{{{ABOUT}, {FAILED}}}": "name the `source`",
        f'{{{SENDER}, {ABOUT}, "detail": {{"status": ["Failed"]}}}}': "does not hear",
        "when retrain fails": "EventBridge refuses it",
    }
}
