"""Jobs: a learner's code in a process of its own, under the container contract.

From an image's environment (`images`), S3's data (`s3io`) and the code at /opt/ml (`opt_ml`) to a supervised process
(`container`, `supervise`) whose lines go to CloudWatch Logs (`log_stream`); SageMaker's script mode (`script_mode`),
Glue's Spark (`glue_run`, `spark`; `s3_files` and `webhdfs` are its `s3://`), and the life that all kinds of job share
(`lifecycle`, `checkpoints`).
"""
