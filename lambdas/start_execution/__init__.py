"""Starts one execution per uploaded object version."""
