// The card of a photo, from waiting its turn to its answer.
const SHOWN_BARS = 5;
const LEAST_SHOWN = 0.01;
const MOST_CARS = 8;

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
    answer(predictions, milliseconds) {
      become("answered", false);
      const choose = (index) => {
        showPrediction(title, body, predictions, index);
        article.classList.toggle("none", predictions[index].is_unknown);
        article.classList.toggle("other", index > 0);
      };
      showPhoto(picture, file, predictions, choose);
      choose(0);
      say(under, "took", { name: file.name, time: duration(milliseconds) });
      actions.append(saliencyButton(picture, file, predictions[0]));
    },
    fail(problem) {
      become("failed", false);
      Object.assign(card, { file, problem });
      say(title, "failed");
      body.append(say(element("p"), problem.key, problem.values));
      const again = element("button", { type: "button", class: "button", onclick: onAgain });
      if (problem.kind !== "photo") actions.append(say(again, "again"));
    },
    release() {
      for (const image of picture.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    },
  };
  card.wait();
  return card;
}

function showPrediction(title, body, predictions, index) {
  const prediction = predictions[index];
  const best = Object.entries(prediction.probabilities).sort(([, a], [, b]) => b - a);
  body.replaceChildren();
  if (prediction.is_unknown) {
    say(title, "none");
    body.append(say(element("p"), ...instead(prediction)), folded("forced", {}, best, prediction));
  } else {
    say(title, prediction.is_doubtful ? "perhaps" : "any", { any: prediction.names[prediction.label] });
    const shown = best.filter(([, share], at) => at === 0 || (at < SHOWN_BARS && share >= LEAST_SHOWN));
    const others = best.slice(shown.length);
    body.append(bars(shown, prediction));
    const key = others[0]?.[1] < LEAST_SHOWN ? "others_small" : "others";
    if (others.length) body.append(folded(key, { count: others.length }, others, prediction));
  }
  body.append(...notes(predictions, index).map((each) => say(element("p", { class: "fine" }), ...each)));
}

function bars(shares, { names }) {
  const rows = shares.map(([id, share]) => bar(names[id], share));
  return say(element("ol", { class: "bars" }, ...rows), "bars", {}, "ariaLabel");
}

// Bars that are drawn once they are asked for: there may be hundreds.
function folded(key, values, shares, prediction) {
  const details = element("details", { class: "more" }, say(element("summary"), key, values));
  details.ontoggle = () => {
    if (details.open && details.children.length === 1) details.append(bars(shares, prediction));
  };
  return details;
}

// What is to be known of the car that was asked about, or of its lack.
function notes(predictions, index) {
  const { no_car, car } = predictions[index];
  const all = predictions.length;
  return [
    no_car && ["no_car"],
    all > 1 && ["car_of", { number: index + 1, all }],
    all === MOST_CARS && ["most_cars", { all }],
    car?.small && ["small_car"],
  ].filter(Boolean);
}

function bar(name, share) {
  const fill = element("span", { class: "fill" });
  fill.style.width = `${share * 100}%`;
  const label = say(element("span", { class: "label" }), "any", { any: name });
  const figure = say(element("span", { class: "share" }), "any", { any: percent(share) });
  return element("li", {}, label, " ", figure, element("span", { class: "track" }, fill));
}
