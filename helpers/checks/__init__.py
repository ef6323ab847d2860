"""The checks of labs and of lessons' Your turns: `from helpers.checks.lab03 import q1`, `….lesson02 import turn`.

An exercise says correct, incorrect with a hint about this mistake, or not attempted, and prints the worked answer of
its solution on request (`exercise`).
"""
