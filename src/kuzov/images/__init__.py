"""Photos: decode, orient, resize."""
