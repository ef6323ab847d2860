"""Tools that no lesson imports: set-up, running and storing lessons, building labs, refreshing prices, pre-flight.

`course.py` is their front door. What it has no command for runs as `python -m kit.NAME`: `store_lessons`, `labs`,
`notebook_order`, and for AWS `role_templates` and `event_costs`.
"""
