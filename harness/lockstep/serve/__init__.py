"""The other end: an executor as a server, over standard streams or HTTP."""
