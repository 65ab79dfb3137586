"""What the commands print: tables, conversations, timelines."""
