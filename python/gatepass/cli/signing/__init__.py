"""``gatepass sign``, ``verify``, ``explain`` and ``samples``: Logons in files and logs."""
