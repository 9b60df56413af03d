"""`greenlight console`: one page on loopback that shows a stage live, by the reading API alone."""
