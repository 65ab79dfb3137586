"""Input: options that commands share, and checks for the wrong kind of file."""
