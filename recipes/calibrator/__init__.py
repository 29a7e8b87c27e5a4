"""How the calibrator of `unknown` was learned."""
