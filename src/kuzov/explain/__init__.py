"""Where the network looks."""
