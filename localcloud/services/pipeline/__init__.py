"""SageMaker Pipelines: what a definition says, what its expressions mean, and how an execution runs it."""
