"""What somebody else wrote, before anything is done with it: text to be shown, files to be read."""
