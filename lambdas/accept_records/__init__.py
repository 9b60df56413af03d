"""Checks records of the stream by the dataset's contract, and lays them down by the hour."""
