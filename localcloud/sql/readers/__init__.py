"""Tables read as the catalog defines them: each `TableUse` becomes a DuckDB view over the files of its partitions.

What differs between SerDes is how a file is cut into fields (Python, streamed as Arrow) and how a field's text becomes
a value (`leaves`, in SQL); Parquet is read by DuckDB itself, with each file's own schema checked first.
"""
