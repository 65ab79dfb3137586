"""Mails and notices: queued with what they tell of, and delivered."""
