"""AutoML: what a request may ask for, the search over pipelines, and the jobs that a candidate is made of."""
