"""A person, a cleaning script or a neighbour changes one thing while an upload is on its way."""
