"""Cases: the input of a run as values, signed on realisation, kept as canonical files."""
