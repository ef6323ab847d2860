"""What lesson 10 builds.

The lesson gets from here the steps of its two SageMaker pipelines (`build`), what came of an execution
(`executions`), and the rules and the workflow that start them when data arrives (`event_chain`).
"""
