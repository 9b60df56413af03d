"""Tells how a deployment stands, and keeps its lease alive."""
