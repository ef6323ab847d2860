"""Who may do what: the actions and resources that a call needs, held against the policies of the role that calls.

`reference` has AWS's actions and their resources, `calls` what an operation needs, `judge` decides and writes it down.
"""
