"""What is under test, by name: an executor in this process, a program, a labu server."""
