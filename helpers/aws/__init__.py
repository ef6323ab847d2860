"""Thin over boto3, for what a lesson does again and again.

A lesson gets from here: create a resource or bring it up to date (`provision`), wait for a job and read its log
(`jobs`), ask Athena (`athena`), load an endpoint with requests and read what it has captured (`endpoints`). Below them
is a client that is patient (`client`), and what marks all that is made (`tags`).
"""
