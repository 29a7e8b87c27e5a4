"""The script of a report: it opens the page in the reader's language."""

SCRIPT = """
const known = ["en", "ru"];
const wanted = [location.hash.slice(1), ...navigator.languages].map((each) => each.slice(0, 2));
const choose = (language) => (document.documentElement.lang = language);
for (const language of known) document.getElementById(language).onchange = () => choose(language);
const language = wanted.find((each) => known.includes(each)) ?? "en";
document.getElementById(language).checked = true;
choose(language);
"""
"""Where a page may run no script, it is in English, and the switch works all the same."""
