"""The optimistic executor: Block-STM (Gelashvili et al., PPoPP 2023), one concept a file."""
