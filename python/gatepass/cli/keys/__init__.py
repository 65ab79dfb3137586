"""``gatepass keys``: list, check, draw and generate key pairs."""
