"""``gatepass logon``: log on to a gateway."""
