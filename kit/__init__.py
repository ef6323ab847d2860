"""Tools that no lesson imports: set-up, running and storing lessons, building labs, refreshing prices, pre-flight.

`course.py` is their front door; each runs by itself too, as `python -m kit.NAME`.
"""
