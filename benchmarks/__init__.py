"""The figures of the README, each from a command."""
