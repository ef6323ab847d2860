"""The engine: ministack, an AWS in one ASGI application, which executes S3, IAM, Logs, metrics, rules and budgets.

`ministack` starts it in this process, keeps what it holds on disk, and says which of its operations are true;
`cloudwatch`, `eventbridge`, `iam`, `logs` and `s3` correct what is not; `objects` says where its files are. Nothing
above this floor imports ministack.
"""
