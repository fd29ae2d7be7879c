"""Programs as targets: the protocol's messages, their transport, the adapter to it."""
