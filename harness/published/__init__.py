"""Published conformance vectors of the TOS chain: reads them, runs them, reports them."""
