"""Sign, verify and explain CME Globex secure logons."""
