// The section of the page in which a model is taught.
let labels = 0;

// The parts that stay; what changes with the state is put into them.
const parts = {
  why: element("p", { role: "alert" }),
  token: element("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true }),
  firstHere: say(element("p", { hidden: true }), "teach_first_here"),
  add: element("h3"),
  first: say(element("p", { hidden: true }), "teach_first_why"),
  files: element("input", { type: "file", multiple: true, accept: "image/*,.heic,.heif,.avif" }),
  progress: element("progress", { hidden: true }),
  count: element("p", { role: "status" }),
  refused: element("ul", { class: "refused" }),
  goOn: button("teach_go_on", () => upload()),
  classes: element("div", { class: "classes" }),
  forgotten: element("p", { class: "warning", role: "status" }),
  train: button("teach_train", () => attempt(() => askTeacher("train", { method: "POST" })), "primary"),
  stage: element("p", { role: "status" }),
  judgement: element("div", { class: "judgement" }),
  trouble: element("p", { class: "warning", role: "alert" }),
};
parts.target = targetChoice("teach_which");
parts.goOn.hidden = true;
parts.files.onchange = () => addForTeaching([...parts.files.files]);

function button(key, onclick, kind = "", values = {}) {
  return say(element("button", { type: "button", class: `button ${kind}`.trim(), onclick }), key, values);
}

function labelled(key, input) {
  input.id = `teach-${++labels}`;
  return element("div", { class: "field" }, say(element("label", { for: input.id }), key), input);
}

function buildTeaching() {
  const locked = element("form", { class: "locked", onsubmit: enter },
    say(element("p"), "teach_token_why"), labelled("teach_token", parts.token), parts.why,
    say(element("button", { class: "button" }), "teach_start"));
  const choose = element("label", { class: "button" }, parts.files, say(element("span"), "teach_choose"));
  const open = element("div", { class: "open" },
    parts.add, parts.first, ...parts.target.fields, choose,
    parts.progress, parts.count, parts.refused, parts.goOn,
    say(element("h3"), "teach_photos"), parts.classes, parts.forgotten,
    element("p", { class: "ways" }, parts.train), parts.stage, parts.trouble, parts.judgement,
    button("teach_stop", leave, "quiet"));
  find("teach").append(say(element("h2"), "teach"), parts.firstHere, locked, open);
  find("teach").hidden = false;
  setOpen(false);
  openByLink();
  addEventListener("hashchange", openByLink);
}

function openByLink() {
  takeTokenOfLink();
  if (teacher.token && !teacher.state) attempt(refresh);
}

// A link may bring the token along behind its #, which no server and no log is told.
function takeTokenOfLink() {
  const token = new URLSearchParams(location.hash.slice(1)).get("teach");
  if (!token) return;
  history.replaceState(null, "", location.pathname + location.search);
  teacher.token = token;
  keep(() => sessionStorage.setItem("kuzov.teach", token));
}

function setOpen(isOpen) {
  document.body.classList.toggle("teaching", isOpen);
  find("teach").querySelector(".locked").hidden = isOpen;
  find("teach").querySelector(".open").hidden = !isOpen;
}

async function enter(event) {
  event.preventDefault();
  teacher.token = parts.token.value.trim();
  parts.token.value = "";
  parts.why.textContent = "";
  try {
    await refresh();
    keep(() => sessionStorage.setItem("kuzov.teach", teacher.token));
    parts.target.select.focus();
  } catch (problem) {
    say(parts.why, problem.key, problem.values);
    parts.token.focus();
  }
}

function leave() {
  teacher.token = null;
  teacher.state = null;
  keep(() => sessionStorage.removeItem("kuzov.teach"));
  setOpen(false);
}

// Without a recogniser the page is for teaching a first one.
document.addEventListener("models", () => {
  const isFirst = currentModel() === null;
  document.body.classList.toggle("untaught", isFirst);
  const title = document.querySelector("h1");
  title.dataset.text = isFirst ? "teach_first" : "title";
  title.textContent = t(title.dataset.text);
  parts.firstHere.hidden = !isFirst;
});

buildTeaching();
