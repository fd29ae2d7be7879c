"""The command line: one file a command, what commands share, the way in."""
