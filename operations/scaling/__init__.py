"""What a fleet that scales itself would have done under a trace of traffic, before anything is deployed."""
