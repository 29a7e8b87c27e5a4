// The section of the page in which a model is taught.
const NEW_MODEL = "";

// The parts that stay; what changes with the state is put into them.
const parts = {
  why: element("p", { role: "alert" }),
  token: element("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true }),
  which: element("select", { onchange: () => showNames() }),
  en: element("input", { autocomplete: "off", maxlength: "60" }),
  ru: element("input", { autocomplete: "off", maxlength: "60" }),
  names: element("div", { class: "names" }),
  files: element("input", { type: "file", multiple: true, accept: "image/jpeg,image/png,image/webp,image/bmp" }),
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
parts.goOn.hidden = true;
parts.files.onchange = () => addForTeaching([...parts.files.files]);

function button(key, onclick, kind = "", values = {}) {
  return say(element("button", { type: "button", class: `button ${kind}`.trim(), onclick }), key, values);
}

let labels = 0;
function labelled(key, input) {
  input.id = `teach-${++labels}`;
  return element("div", { class: "field" }, say(element("label", { for: input.id }), key), input);
}

function buildTeaching() {
  const locked = element("form", { class: "locked", onsubmit: enter },
    say(element("p"), "teach_token_why"), labelled("teach_token", parts.token), parts.why,
    say(element("button", { class: "button" }), "teach_start"));
  parts.names.append(labelled("teach_name_en", parts.en), labelled("teach_name_ru", parts.ru));
  const choose = element("label", { class: "button" }, parts.files, say(element("span"), "teach_choose"));
  const open = element("div", { class: "open" },
    say(element("h3"), "teach_add"), labelled("teach_which", parts.which), parts.names, choose,
    parts.progress, parts.count, parts.refused, parts.goOn,
    say(element("h3"), "teach_photos"), parts.classes, parts.forgotten,
    element("p", { class: "ways" }, parts.train), parts.stage, parts.trouble, parts.judgement,
    button("teach_stop", leave, "quiet"));
  find("teach").append(say(element("h2"), "teach"), locked, open);
  find("teach").hidden = false;
  setOpen(false);
  if (teacher.token) attempt(refresh);
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
    parts.which.focus();
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

buildTeaching();
