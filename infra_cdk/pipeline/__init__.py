"""The state machine, the functions of its states, the lease, and what ends it all."""
