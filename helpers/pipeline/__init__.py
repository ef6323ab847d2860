"""What lesson 10 builds.

The lesson gets from here what the steps of its SageMaker pipelines share, and the second step of each kind (`build`),
what came of an execution (`executions`), and the further rules that start work when data arrives (`event_chain`).
"""
