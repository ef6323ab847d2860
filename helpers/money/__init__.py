"""What everything costs, before and after.

A lesson gets from here the price of a launch (`costs`), of a request to a serverless endpoint (`serverless`, the one
assumption of its milliseconds), the budget that it must fit (`budget`), what has been spent (`ledger`), and lesson 11's
comparison: owning against renting (`tco`, `risk`), a burst of work (`elasticity`), and which model is worth its price
(`pareto`).
"""
