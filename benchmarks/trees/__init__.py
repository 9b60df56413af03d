"""Trees in process: the compiled kernel beside the engines that others would pick. `make bench-trees`."""
