"""Deletes what the state machine made, before the stack that holds its roles goes."""
