"""How good a bundle is, for people: charts and pages in English and Russian; evaluating and comparing."""
