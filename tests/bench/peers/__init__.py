"""Applications of other makers over the table `students` of the benchmark of large tables.

Each is set up as its documentation shows first, with the columns that are searched and the filter that is measured.
They run in an environment of their own, with the packages that `requirements/peers.txt` locks.
"""
