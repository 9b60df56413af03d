"""The preflight: what would stop a first deployment, seen before it is tried. Reads only."""
