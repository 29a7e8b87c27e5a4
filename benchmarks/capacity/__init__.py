"""How many photos a cluster labels in an hour, what that costs, and what bounds it."""
