"""Workers on the machines of a Dask cluster, and the connections to them."""
