// The photos to learn from, by their models.
function classNames(id) {
  return teacher.state.classes.find((each) => each.id === id) ?? { en: id, ru: id };
}

function options(chosen) {
  const known = teacher.state.classes.map((each) => {
    return say(element("option", { value: each.id, selected: each.id === chosen }), "any", { any: each });
  });
  return [...known, say(element("option", { value: NEW_MODEL, selected: chosen === NEW_MODEL }), "teach_new")];
}

function knownOptions(chosen) {
  return options(chosen).slice(0, -1);
}

function showClasses() {
  const { classes } = teacher.state;
  parts.which.replaceChildren(...options(teacher.wanted ?? (parts.which.value || classes[0]?.id) ?? NEW_MODEL));
  teacher.wanted = null;
  showNames();
  for (const select of document.querySelectorAll(".correct select")) select.replaceChildren(...knownOptions(select.value));
  const opened = new Set([...parts.classes.querySelectorAll("details[open]")].map((each) => each.dataset.id));
  const stored = classes.filter((each) => each.photos);
  parts.classes.replaceChildren(...stored.map((each) => classDetails(each, opened.has(each.id))));
  if (!stored.length) parts.classes.append(say(element("p"), "teach_none_yet"));
  const lost = classes.filter((each) => each.served && !each.photos);
  parts.forgotten.textContent = "";
  if (lost.length && stored.length) {
    const names = inBoth((each) => lost.map((one) => one[each]).join(", "));
    say(parts.forgotten, "teach_forgotten", { names });
  }
}

function showNames() {
  parts.names.hidden = parts.which.value !== NEW_MODEL;
}

function classDetails(found, open) {
  const grid = element("div", { class: "thumbnails" });
  const values = { name: found, photos: found.photos };
  const summary = element("summary", {}, say(element("span"), "teach_class", values));
  if (!found.served) summary.append(" ", say(element("small"), "teach_unknown_yet"));
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
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      fillThumbnail(target, id).catch(() => {});
    }
  });
  grid.replaceChildren(...photos.map((photo) => thumbnailOf(photo, id)));
  for (const figure of grid.children) seen.observe(figure);
}

function thumbnailOf(photo, id) {
  const remove = () => attempt(() => askTeacher("photos", { method: "DELETE", class: id, photo }));
  const cross = element("button", { type: "button", class: "remove", onclick: remove }, "×");
  return element("figure", { "data-photo": photo }, say(cross, "teach_remove", { name: photo }, "ariaLabel"));
}

async function fillThumbnail(figure, id) {
  const { photo } = figure.dataset;
  const blob = await (await askTeacher("thumbnail", { class: id, photo })).blob();
  const image = element("img", { src: URL.createObjectURL(blob) });
  image.onload = () => URL.revokeObjectURL(image.src);
  figure.prepend(say(image, "photo_of", { name: photo }, "alt"));
}
