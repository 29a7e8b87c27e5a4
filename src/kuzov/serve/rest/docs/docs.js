// The language of the page at /, where the reader chose one there, or the browser's.
const key = "kuzov.language";
const kept = (action) => {
  try {
    return action();
  } catch {
    return null; // a browser may keep nothing for a page
  }
};
const wanted = [kept(() => localStorage.getItem(key)), ...navigator.languages].map((each) => each?.slice(0, 2));
const choose = (language) => (document.documentElement.lang = language);
for (const input of document.querySelectorAll("#languages input")) {
  input.checked = input.value === (wanted.find((each) => ["en", "ru"].includes(each)) ?? "en");
  if (input.checked) choose(input.value);
  input.onchange = () => {
    choose(input.value);
    kept(() => localStorage.setItem(key, input.value));
  };
}
// The address by which the reader has reached the server, which may be another than its own.
for (const code of document.querySelectorAll("pre code")) {
  code.textContent = code.textContent.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, location.origin);
}
