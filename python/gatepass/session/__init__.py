"""The session layer without I/O: states, sequence numbers, scenarios, both roles."""
