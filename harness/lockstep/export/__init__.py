"""What leaves the tool: a finding as the bytes of its conversation, the protocol's own data."""
