"""Mails and notices: queued together with the event they report, then delivered."""
