// How the training goes, and the versions side by side.
const FAILURES = { few_different: "teach_failed_few_different", photos: "teach_failed_photos" };

function showTraining(before) {
  const { training } = teacher.state;
  parts.train.disabled = Boolean(training?.running);
  if (!training) return;
  if (training.running) {
    say(parts.stage, `teach_stage_${training.stage}`, { done: training.done, total: training.total });
  } else if (training.failure) {
    const names = inBoth((each) => training.failure_classes.map((id) => classNames(id)[each]).join(", "));
    say(parts.stage, FAILURES[training.failure_kind] ?? "teach_failed", { names });
  } else {
    say(parts.stage, "teach_trained", { time: duration(training.seconds * 1000) });
  }
  if (before?.running && !training.running) announce(parts.stage.textContent);
}

function showJudgement() {
  const { state } = teacher;
  const candidates = state.candidates;
  const rows = [];
  const columns = [...(state.judgement ? [state.judgement] : []), ...candidates];
  const taking = isTakingOver(state);
  if (columns.length) rows.push(say(element("h3", { id: "teach-judgement" }), "teach_compare"), comparison(columns));
  for (const each of candidates) rows.push(...losses(each), ...changesOf(each), ...leftOut(each), ...mistakesOf(each));
  const actions = candidates.map(({ kind, version }) => versionButton("publish", version, `teach_${kind}_publish`));
  if (state.former !== null) actions.push(versionButton("back", state.newest, "teach_back", madeAt(state.former)));
  for (const each of actions) each.disabled = taking;
  rows.push(element("p", { class: "ways" }, ...actions));
  if (taking) rows.push(say(element("p", { role: "status" }), "teach_publishing"));
  if (state.load_failure) {
    rows.push(say(element("p", { class: "warning" }), "teach_load_failed", { made: madeAt(state.newest) }));
  }
  parts.judgement.replaceChildren(...rows);
}

function versionButton(call, version, key, made) {
  const act = () => attempt(() => askTeacher(call, { method: "POST", version }));
  return button(key, act, key === "teach_trained_publish" ? "primary" : "", { made });
}

function comparison(columns) {
  const heads = columns.map(({ kind }) => say(element("th", { scope: "col" }), kind ? `teach_${kind}_version` : "teach_now"));
  const folds = (each) => each.cross_validation;
  const lines = [
    ["teach_row_made", (each) => madeAt(each.version)],
    ["teach_row_cars", (each) => each.classes.length && String(each.classes.length)],
    ["teach_row_photos", (each) => each.photos && String(each.photos)],
    ["teach_row_right", (each) => each.validation && inBoth((one) => rightIn(one, each.validation))],
    ["teach_row_folds", (each) => folds(each) && percent(folds(each).mean)],
    ["teach_row_ece", (each) => each.ece && percent(each.ece.after)],
  ];
  const body = lines.map(([key, value]) => {
    const cells = columns.map((each) => {
      const found = value(each);
      return found ? say(element("td"), "any", { any: found }) : say(element("td"), "teach_not_known");
    });
    return element("tr", {}, say(element("th", { scope: "row" }), key), ...cells);
  });
  const corner = say(element("th", { scope: "col" }), "teach_figure");
  const table = element("table", { "aria-labelledby": "teach-judgement" }, element("thead", {}, element("tr", {}, corner, ...heads)), element("tbody", {}, ...body));
  table.style.setProperty("--versions", columns.length);
  return table;
}

function rightIn(each, { right, total, accuracy }) {
  return `${inLanguage(each, "teach_right", { right, total })} (${percent(accuracy)[each]})`;
}

// The cars that answer now, and would not any more.
function losses({ classes, kind }) {
  const lost = (teacher.state.judgement?.classes ?? []).filter(({ id }) => !classes.some((each) => each.id === id));
  if (!lost.length || !classes.length) return [];
  const names = inBoth((each) => lost.map((one) => one[each]).join(", "));
  return [say(element("p", { class: "warning" }), `teach_${kind}_loses`, { names })];
}

function leftOut({ left_out: photos }) {
  if (!photos.length) return [];
  const lines = photos.map(({ photo, en, ru }) => say(element("li"), "teach_left_out", { photo, reason: { en, ru } }));
  const summary = say(element("summary"), "teach_left_out_count", { count: photos.length });
  return [element("details", {}, summary, element("ul", {}, ...lines))];
}

function mistakesOf({ kind, mistakes }) {
  if (!mistakes.length) return [];
  const lines = mistakes.map(({ photo, label, predicted, probability }) => {
    const values = { photo, label: classNames(label), predicted: classNames(predicted), percent: percent(probability) };
    return say(element("li"), "teach_mistake", values);
  });
  const summary = say(element("summary"), `teach_${kind}_mistakes`, { count: mistakes.length });
  return [element("details", {}, summary, element("ul", {}, ...lines))];
}
