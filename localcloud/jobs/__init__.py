"""Jobs: a learner's code in a process of its own, under the container contract.

From an image's environment (`images`) and S3's data (`s3io`) to a supervised process (`container`, `supervise`);
SageMaker's script mode (`script_mode`), Glue's Spark (`spark`), and the life that all kinds of job share
(`lifecycle`).
"""
