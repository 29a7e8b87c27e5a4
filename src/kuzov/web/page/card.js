// The card of a photo, from waiting its turn to its answer.
const SHOWN_BARS = 5;

function makeCard(file, { onAgain, onRemove }) {
  const title = element("h3");
  const under = element("p", { class: "fine" }, file.name);
  const picture = element("div", { class: "picture" });
  const body = element("div", { class: "body" });
  const actions = element("div", { class: "actions" });
  const text = element("div", { class: "text" }, title, under, body, actions);
  const remove = element("button", { type: "button", class: "remove", onclick: onRemove }, "×");
  say(remove, "remove_label", { name: file.name }, "ariaLabel");
  const article = element("article", {}, picture, text, remove);

  function become(state, isBusy) {
    card.state = article.className = state;
    article.ariaBusy = isBusy;
    body.replaceChildren();
    actions.replaceChildren();
  }

  const card = {
    article,
    state: "waiting",
    wait() {
      become("waiting", true);
      say(title, "waiting");
    },
    ask() {
      become("asking", true);
      say(title, "asking");
    },
    answer(prediction, milliseconds) {
      become("answered", false);
      showPhoto(picture, file);
      showPrediction(title, body, prediction);
      article.classList.toggle("none", prediction.is_unknown);
      say(under, "took", { name: file.name, time: duration(milliseconds) });
      if (served.saliency) actions.append(saliencyButton(picture, file, prediction));
    },
    fail(problem) {
      become("failed", false);
      say(title, "failed");
      body.append(say(element("p"), problem.key, problem.values));
      const again = element("button", { type: "button", class: "button", onclick: onAgain });
      if (problem.kind !== "photo") actions.append(say(again, "again"));
    },
    release() {
      for (const image of picture.children) URL.revokeObjectURL(image.src);
    },
  };
  card.wait();
  return card;
}

// Only what the server has read is shown: to decode a huge file could stall the browser.
function showPhoto(picture, file) {
  if (picture.firstChild) return;
  const image = element("img", { src: URL.createObjectURL(file), decoding: "async" });
  picture.append(say(image, "photo_of", { name: file.name }, "alt"));
}

function showPrediction(title, body, prediction) {
  const name = prediction.names[prediction.label];
  if (prediction.is_unknown) {
    say(title, "none");
    body.append(say(element("p"), "most_like", { name }), say(element("p", { class: "fine" }), "forced"));
  } else {
    say(title, "any", { any: name });
  }
  const best = Object.entries(prediction.probabilities).sort(([, a], [, b]) => b - a);
  const rows = best.slice(0, SHOWN_BARS).map(([id, share]) => bar(prediction.names[id], share));
  body.append(say(element("ol", { class: "bars" }, ...rows), "bars", {}, "ariaLabel"));
}

function bar(name, share) {
  const fill = element("span", { class: "fill" });
  fill.style.width = `${share * 100}%`;
  const label = say(element("span", { class: "label" }), "any", { any: name });
  const figure = say(element("span", { class: "share" }), "any", { any: percent(share) });
  return element("li", {}, label, " ", figure, element("span", { class: "track" }, fill));
}
