"""Whether later rows come from where a baseline came from: counts that add up, exact nulls, one family of
tests.

`baselines.numeric` and `baselines.categorical` keep what a column looked like; `judging.judge` holds counted
windows against them. Nothing here knows of AWS, files or thresholds by rule of thumb.
"""
