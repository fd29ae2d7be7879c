"""Published conformance vectors of the TOS chain, run on both sides."""
