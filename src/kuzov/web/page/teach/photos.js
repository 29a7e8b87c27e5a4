// The photos to learn from, by their models.
function classNames(id) {
  if (id === NONE) return inBoth((each) => texts[each].teach_none);
  return teacher.state.classes.find((each) => each.id === id) ?? { en: id, ru: id };
}

function showClasses() {
  const { classes, strangers } = teacher.state;
  refreshTargets();
  if (teacher.wanted) parts.target.choose(teacher.wanted);
  teacher.wanted = null;
  const opened = new Set([...parts.classes.querySelectorAll("details[open]")].map((each) => each.dataset.id));
  const stored = classes.filter((each) => each.photos);
  const none = { id: NONE, ...classNames(NONE), photos: strangers };
  const shown = strangers ? [...stored, none] : stored;
  parts.classes.replaceChildren(...shown.map((each) => classDetails(each, opened.has(each.id))));
  parts.first.hidden = stored.length > 0;
  say(parts.add, stored.length || !classes.length ? "teach_add" : "teach_first");
  if (!classes.length && parts.target.select.value === "") parts.target.choose(NEW_CAR);
  if (!stored.length) parts.classes.append(say(element("p"), "teach_none_yet"));
  const lost = classes.filter((each) => each.served && !each.photos);
  parts.forgotten.textContent = "";
  if (lost.length && stored.length) {
    const names = inBoth((each) => lost.map((one) => one[each]).join(", "));
    say(parts.forgotten, "teach_forgotten", { names });
  }
}

function classDetails(found, open) {
  const grid = element("div", { class: "thumbnails" });
  const values = { name: found, count: found.photos };
  const summary = element("summary", {}, say(element("span"), "teach_class", values));
  if (found.served === false) summary.append(" ", say(element("small"), "teach_unknown_yet"));
  const details = element("details", { "data-id": found.id, open }, summary, grid);
  const show = () => details.open && attemptQuietly(() => showThumbnails(grid, found.id));
  details.ontoggle = show;
  return details;
}

function attemptQuietly(action) {
  action().catch((problem) => say(parts.trouble, problem.key ?? "broken_server", problem.values));
}

// A picture needs the token, so it is fetched rather than linked, once it comes near the screen.
async function showThumbnails(grid, id) {
  if (grid.firstChild) return;
  const { photos } = await (await askTeacher("photos", { class: id })).json();
  grid.replaceChildren(...photos.map((photo) => thumbnailOf(photo, id)));
  for (const figure of grid.children) seen.observe(figure);
}

const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    fillThumbnail(target, target.dataset.class).catch(() => {});
  }
});

function thumbnailOf(photo, id) {
  const remove = () => attempt(() => askTeacher("photos", { method: "DELETE", class: id, photo }));
  const cross = element("button", { type: "button", class: "remove", onclick: remove }, "×");
  return element("figure", { "data-photo": photo, "data-class": id }, say(cross, "teach_remove", { name: photo }, "ariaLabel"));
}

async function fillThumbnail(figure, id) {
  const { photo } = figure.dataset;
  const blob = await (await askTeacher("thumbnail", { class: id, photo })).blob();
  const image = element("img", { src: URL.createObjectURL(blob) });
  image.onload = () => URL.revokeObjectURL(image.src);
  figure.prepend(say(image, "photo_of", { name: photo }, "alt"));
}
