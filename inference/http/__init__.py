"""The HTTP room: connections, the protocol, routes, and the processes that serve them."""
