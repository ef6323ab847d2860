"""The IMDb reviews: the official archive by download, a synthetic sample that needs no network, one schema for both.

Columns of every frame: review (text), sentiment ("positive" or "negative"), split ("train" or "test"), rating (1-10),
title_id ("tt..."), review_id (text). Any of them but the last may be missing: the data is raw.

Environment: COURSE_DATA is "sample" (the default) or "full"; COURSE_REVIEWS is an archive or a Parquet file to use in
place of the download; COURSE_TITLES is a list of titles (CSV, or IMDb's title.basics.tsv.gz).

Source of the data: Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011.
"""

from __future__ import annotations
