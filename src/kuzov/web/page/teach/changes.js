// What a new version changes, for whom: photos with the answers of the one that answers now and of the new one.
const ABOUT = ["new", "changed", "none"];

function changesOf({ version, changes }) {
  const { training } = teacher.state;
  if (!changes) {
    if (!training?.comparing || training.version !== version) return [];
    return [say(element("p", { role: "status" }), "teach_comparing")];
  }
  const groups = ABOUT.map((about) => [about, changes.photos.filter((each) => each.about === about)]);
  const shown = groups.filter(([, photos]) => photos.length).map(([about, photos]) => changedPhotos(about, photos));
  const known = changes.asked - groups[0][1].length - groups[2][1].length;
  if (known && !groups[1][1].length) shown.push(say(element("p"), "teach_nothing_changes", { count: known }));
  return shown;
}

function changedPhotos(about, photos) {
  const right = photos.filter((each) => isRight(each, each.after)).length;
  const summary = say(element("summary"), `teach_changes_${about}`, { count: photos.length, right });
  const grid = element("div", { class: "changes" });
  const details = element("details", { "data-about": about }, summary, grid);
  details.ontoggle = () => {
    if (details.open && !grid.firstChild) attemptQuietly(async () => grid.append(...photos.map(changedPhoto)));
  };
  details.open = about !== "none";
  return details;
}

// Of a car that a version does not know, or that is none, it is right to say so.
function isRight({ class: id, about, before }, answer) {
  const isUnknown = id === NONE || (about === "new" && answer === before);
  return isUnknown ? answer.is_unknown : !answer.is_unknown && answer.label === id;
}

function changedPhoto(photo) {
  const { before, after, learned } = photo;
  const lines = [say(element("b"), "any", { any: classNames(photo.class) })];
  if (before) lines.push(answerLine("teach_before", photo, before));
  lines.push(answerLine("teach_after", photo, after));
  if (learned) lines.push(say(element("small"), "teach_learned_from"));
  const figure = element("figure", { "data-photo": photo.photo }, element("figcaption", {}, ...lines));
  seen.observe(figure);
  figure.dataset.class = photo.class;
  return figure;
}

function answerLine(key, photo, answer) {
  const told = inBoth((each) => {
    const name = classNames(answer.label)[each];
    const values = { any: name, name, percent: percent(answer.probability) };
    const text = answer.is_unknown ? "none" : answer.is_doubtful ? "perhaps_answered" : "answered";
    return inLanguage(each, text, values);
  });
  const style = isRight(photo, answer) ? "right" : "wrong";
  return say(element("span", { class: style }), key, { answer: told });
}
