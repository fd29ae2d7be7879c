"""The labu conformance endpoints over HTTP: a server for an executor of ours, and a client."""
