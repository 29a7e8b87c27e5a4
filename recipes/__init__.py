"""How the weights that kuzov ships are trained."""
