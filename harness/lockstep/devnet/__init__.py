"""A node's view of the executors: chains of blocks, the choice of path, the gradual rollout."""
