"""Files, Dask and the command line: the only place that knows both featpipe and models."""
