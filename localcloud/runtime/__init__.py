"""Code that runs inside an image's Python, not in the server's.

The model servers, AutoML's steps, and Glue's launcher with a stand-in for `awsglue`. It imports nothing of localcloud,
which is not there; the floors above know it by its files' names.
"""
