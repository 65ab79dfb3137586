"""The Request Center under fire: many clients, the same few sessions, two server processes."""
