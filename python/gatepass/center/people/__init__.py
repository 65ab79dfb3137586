"""Users: who they are, how they log on, and how often they may try."""
