"""The reviews on their way into the lake.

A lesson gets from here the reviews, real (`reviews`) or invented (`synthetic`), a list of what is wrong with them
before they are cleaned (`quality`), a look into the lake (`lake`), and the same reviews as scanned cards (`cards`).
"""
