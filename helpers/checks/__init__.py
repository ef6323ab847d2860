"""The labs' checks: a lab gets its exercises from here, `from helpers.checks.lab03 import q1`.

An exercise says correct, incorrect with a hint about this mistake, or not attempted, and prints the worked answer of
its solution on request (`exercise`).
"""
