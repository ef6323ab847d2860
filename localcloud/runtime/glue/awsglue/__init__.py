"""A local stand-in for the `awsglue` library, so that a Glue script runs unchanged on one machine.

Written from the public AWS Glue developer guide only. It offers the part that the course's jobs use; everything
else raises NotImplementedError and names what is missing. On AWS the real library is found instead: this folder
is on PYTHONPATH only in the local Glue image.
"""
