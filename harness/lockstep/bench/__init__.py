"""How fast executors are beside the reference: workloads, timing side by side, a lower bound."""
