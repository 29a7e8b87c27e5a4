"""The car models that kuzov knows by itself, whatever a user teaches it."""
