"""Models: what goes in, how they come about, how they are judged, and what serves them.

A lesson gets from here features and their leaks (`features`, `leakage`), training and tuning jobs and their runs
(`training`, `tuning`, `experiments`, `parallel_search`), AutoML (`automl`), the choice of what is deployed
(`selection`), models that were trained elsewhere (`local_training`, `artifacts`, `hosting_contract`), managed AI
(`managed_ai`), and load on an endpoint (`load_test`).
"""
