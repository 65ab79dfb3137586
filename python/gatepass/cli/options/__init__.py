"""What comes in: options that commands share, and files given in the wrong place."""
