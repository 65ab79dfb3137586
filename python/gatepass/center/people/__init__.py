"""Users: their accounts, how they log in, and how often they may try."""
