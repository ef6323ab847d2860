"""Hosting: models in live processes that answer.

Production variants (`variant`), serverless ones (`serverless`), data capture, endpoint metrics, batches for transform
jobs (`batching`, `transformer`), and the open models behind the managed AI services (`managed`).
"""
