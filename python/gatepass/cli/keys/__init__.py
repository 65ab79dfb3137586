"""``gatepass keys``: key pairs listed, checked and generated."""
