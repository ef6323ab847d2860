"""Models: what goes in, how they come about, how they are judged, and what serves them.

A lesson gets from here features and their leaks (`features`, `leakage`), training jobs (`training`), the runs of
training and tuning and the choice of what is deployed (`experiments`), lesson 01's search (`parallel_search`), AutoML
(`automl`), models that were trained elsewhere (`local_training`, `artifacts`, `hosting_contract`), and managed AI
(`managed_ai`).
"""
