// Which models answer, and what is known of the one that is asked.
const SHOWN_CLASSES = 12;
const FIRST_DATED_VERSION = 1e9; // kuzov numbers versions by the second; others count from 1
let served = null;
let chosenName = null;

// {name, version, versions, engine, photos, classes, metrics, unknown_threshold, report}; null if none is ready.
function currentModel() {
  const ready = served?.models.filter((each) => each.version !== null) ?? [];
  return ready.find((each) => each.name === chosenName) ?? ready[0] ?? null;
}

function limits() {
  return served?.limits ?? { max_body_bytes: Infinity, max_image_pixels: Infinity };
}

async function refreshModels() {
  served = await (await api("/web/models")).json();
  showModel();
}

function modelPath(model) {
  return `/v1/models/${encodeURIComponent(model.name)}`;
}

function showModel() {
  const panel = find("model");
  const model = currentModel();
  panel.removeAttribute("aria-busy");
  panel.replaceChildren(...(model ? describe(model) : [say(element("p"), "no_model")]));
  find("program").hidden = model === null;
  find("drop").classList.toggle("off", model !== null && !model.photos);
  find("samples").hidden = !model?.photos;
  if (model) showProgram();
  document.dispatchEvent(new CustomEvent("models"));
}

function describe(model) {
  const names = served.models.filter((each) => each.version !== null).map((each) => each.name);
  const seconds = Number(model.version);
  const version = seconds > FIRST_DATED_VERSION ? "version_of" : "version";
  const values = { version: model.version, date: date(seconds) };
  return [
    say(element("h2"), "answers_now"),
    names.length > 1 ? chooser(names, model.name) : element("p", { class: "name" }, model.name),
    say(element("p", { class: "fine" }), version, values),
    ...(model.photos ? judgement(model) : [say(element("p"), "no_photos")]),
    ...(model.engine ? [say(element("p", { class: "fine" }), "computed", { engine: model.engine })] : []),
  ];
}

function chooser(names, name) {
  const options = names.map((each) => element("option", { value: each, selected: each === name }, each));
  const select = element("select", { onchange: () => choose(select.value) }, ...options);
  return element("label", {}, say(element("span", { class: "unseen" }), "model_name"), select);
}

function choose(name) {
  chosenName = name;
  showModel();
  document.querySelector("#model select").focus();
}

function judgement(model) {
  const known = model.metrics?.validation;
  const parts = [];
  if (known) {
    const [low, high] = known.interval.map((each) => percent(each, 0));
    parts.push(say(element("p"), "judgement", { right: known.right, count: known.total, low, high }));
  } else {
    parts.push(say(element("p"), "no_judgement"));
  }
  if (model.report) parts.push(element("p", {}, reportLink(model)));
  const list = element("ul", {}, ...model.classes.map((each) => say(element("li"), "any", { any: each })));
  const summary = say(element("summary"), "knows", { count: model.classes.length });
  parts.push(element("details", { open: model.classes.length <= SHOWN_CLASSES }, summary, list));
  return parts;
}

// A link can carry no key; where one is needed, the report is fetched with it and saved.
function reportLink(model) {
  const path = `/web/report/${encodeURIComponent(model.name)}/${model.version}`;
  if (!("X-API-Key" in keyHeaders())) {
    const link = say(element("a", { target: "_blank", rel: "noopener" }), "report");
    return say(link, "any", { any: inBoth((each) => `${path}?language=${each}`) }, "href");
  }
  const save = async () => {
    const url = URL.createObjectURL(await (await api(`${path}?language=${language}`)).blob());
    element("a", { href: url, download: `report-${model.name}-${model.version}.html` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  const told = (error) => announce(error.message);
  const onclick = () => save().catch(told);
  return say(element("button", { type: "button", class: "button", onclick }), "report_save");
}
