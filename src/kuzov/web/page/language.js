// The reader's language: the browser's, or the one chosen with the switch.
const LANGUAGES = ["en", "ru"];
const texts = { en: {}, ru: {} };
const plurals = Object.fromEntries(LANGUAGES.map((each) => [each, new Intl.PluralRules(each)]));
const said = new WeakMap();
let language = firstLanguage();

function addTexts(more) {
  for (const each of LANGUAGES) Object.assign(texts[each], more[each]);
}

// A text in the reader's language. Values may be strings, whole numbers, or {en, ru}.
function t(key, values = {}) {
  return inLanguage(language, key, values);
}

function inLanguage(chosen, key, values) {
  const text = texts[chosen][key];
  const form = typeof text === "string" ? text : text[plurals[chosen].select(values.count)];
  return form.replace(/\{(\w+)\}/g, (_, name) => inWords(values[name], chosen));
}

// Give an element a text, or a property such as "alt", that follows the language when it is switched.
function say(node, key, values, property = "textContent") {
  said.set(node, { ...said.get(node), [property]: [key, values] });
  node.dataset.said = "";
  node[property] = t(key, values);
  return node;
}

function switchLanguage(chosen) {
  language = chosen;
  keep(() => localStorage.setItem("kuzov.language", chosen));
  showLanguage();
}

function showLanguage() {
  document.documentElement.lang = language;
  for (const button of document.querySelectorAll("#languages button")) {
    button.setAttribute("aria-pressed", button.value === language);
  }
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) node.ariaLabel = t(node.dataset.label);
  for (const node of document.querySelectorAll("[data-said]")) {
    for (const [property, [key, values]] of Object.entries(said.get(node))) node[property] = t(key, values);
  }
  document.title = `${t("title")} · kuzov`;
}

// Tenths of a percent; where a photo is all but sure, that is not rounded to certainty. Whole ones are.
function percent(share, digits = 1) {
  const sign = digits === 0 ? "" : share > 0.9995 && share < 1 ? "> " : share < 0.0005 && share > 0 ? "< " : "";
  const shown = sign === "> " ? 99.9 : sign === "< " ? 0.1 : Math.min(share, 1) * 100;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return inBoth((each) => `${sign}${new Intl.NumberFormat(each, options).format(shown)}\u00a0%`);
}

function duration(milliseconds) {
  const unit = { en: "s", ru: "с" };
  const seconds = (each) =>
    new Intl.NumberFormat(each, { maximumSignificantDigits: 2 }).format(milliseconds / 1000);
  return inBoth((each) => `${seconds(each)}\u00a0${unit[each]}`);
}

function date(seconds) {
  return inBoth((each) => new Intl.DateTimeFormat(each, { dateStyle: "long" }).format(seconds * 1000));
}

function megabytes(bytes) {
  return inBoth((each) => new Intl.NumberFormat(each, { maximumSignificantDigits: 2 }).format(bytes / 1e6));
}

function inBoth(format) {
  return Object.fromEntries(LANGUAGES.map((each) => [each, format(each)]));
}

function inWords(value, chosen) {
  if (typeof value === "number") return new Intl.NumberFormat(chosen).format(value);
  return value?.[chosen] ?? value;
}

function firstLanguage() {
  const wanted = [keep(() => localStorage.getItem("kuzov.language")), ...navigator.languages];
  return wanted.map((each) => each?.slice(0, 2)).find((each) => LANGUAGES.includes(each)) ?? "en";
}

// A browser may keep nothing for a page; the page then does without.
function keep(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

addTexts(WORDS);
