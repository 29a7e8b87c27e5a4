// Ask about photos, show the answers, and keep count.
const MOST_TRIES = 5;
const SPOKEN = 4; // of more photos than that, only the end is announced
const cards = new Set();

function addPhotos(files) {
  const jobs = files.map(askAbout);
  find("cards").prepend(...jobs.map((each) => each.article));
  showCount();
  enqueue(jobs.map((each) => each.job));
}

function clearPhotos() {
  emptyQueue();
  for (const card of cards) drop(card);
  showCount();
  find("choose").focus();
}

function drop(card) {
  cards.delete(card);
  card.release();
  card.article.remove();
}

function askAbout(file) {
  let tries = 0;
  const onAgain = () => {
    tries = 0;
    card.wait();
    showCount();
    enqueue([job]);
  };
  const onRemove = () => {
    const next = card.article.nextElementSibling ?? card.article.previousElementSibling;
    drop(card);
    showCount();
    (next?.querySelector(".remove") ?? find("choose")).focus();
  };
  const card = makeCard(file, { onAgain, onRemove });
  cards.add(card);

  async function job() {
    if (!cards.has(card)) return true;
    card.ask();
    try {
      const { predictions, milliseconds } = await ask(file);
      if (cards.has(card)) show(card, file, predictions, milliseconds);
    } catch (problem) {
      tries += 1;
      if (mustWait(problem) && tries < MOST_TRIES) {
        card.wait();
        return problem;
      }
      // A server that is there, and yet ends the connection each time, does so because of the photo.
      card.fail(problem.kind === "lost" ? new Problem("other", "not_sent") : problem);
      if (cards.size <= SPOKEN) announce(`${file.name}: ${problem.message}`);
    }
    showCount();
    return true;
  }
  return { article: card.article, job };
}

function show(card, file, predictions, milliseconds) {
  Object.assign(card, { file, predictions });
  card.answer(predictions, milliseconds);
  const { article } = card;
  document.dispatchEvent(new CustomEvent("answered", { detail: { article, file, prediction: predictions[0] } }));
  if (cards.size <= SPOKEN) announce(predictions.map(inWordsOf).join(". "));
}

function inWordsOf(prediction) {
  const name = prediction.names[prediction.label];
  const answer = prediction.is_unknown
    ? `${t("none")}. ${t(...instead(prediction))}`
    : t(prediction.is_doubtful ? "perhaps_answered" : "answered", { name, percent: percent(prediction.probability) });
  return prediction.no_car ? `${t("no_car")} ${answer}` : answer;
}

// What is said of a car that is none of the model's.
function instead({ look_alike: alike, names, label }) {
  if (!alike) return ["most_like", { name: names[label] }];
  return ["looks_like", { name: alike.name, percent: percent(alike.probability, 0) }];
}

function mustWait({ kind }) {
  return kind === "lost" || kind === "key" || currentModel() === null;
}

async function ask(file, tries = 1) {
  if (file.size > limits().max_body_bytes) {
    const values = { size: megabytes(file.size), limit: megabytes(limits().max_body_bytes) };
    throw new Problem("photo", "large_file", values);
  }
  const model = currentModel();
  if (model === null) throw new Problem("gone", "no_model");
  if (!model.photos) throw new Problem("other", "no_photos");
  try {
    return await predict(file, model);
  } catch (problem) {
    if (tries === MOST_TRIES || !["busy", "gone"].includes(problem.kind)) throw problem;
    if (problem.kind === "gone") await refreshModels(); // a newer version has taken over
    else await pause(problem.retryAfter);
    return ask(file, tries + 1);
  }
}

async function predict(file, model) {
  // The server tells formats by the content; the type only says that this is a photo as it is.
  const headers = { "Content-Type": file.type.startsWith("image/") ? file.type : "image/jpeg" };
  const path = `${modelPath(model)}/versions/${model.version}:predict`;
  const rowOf = async (query) => {
    const response = await api(path + query, { method: "POST", headers, body: file });
    return (await response.json()).predictions[0];
  };
  const started = performance.now();
  let predictions = model.cars ? carsOf(model, await rowOf("?signature_name=cars")) : [];
  if (!predictions.length) predictions = [predictionOf(model, await rowOf(""))];
  return { predictions, milliseconds: performance.now() - started };
}

// Of eight places, those that hold a car.
function carsOf(model, { boxes, scores, ...answers }) {
  const places = boxes.map((box, at) => {
    const answer = Object.entries(answers).map(([name, values]) => [name, values[at]]);
    return { ...Object.fromEntries(answer), car_box: box, car_score: scores[at] };
  });
  return places.filter((each) => each.car_score > 0).map((each) => predictionOf(model, each));
}

function predictionOf(model, { probabilities, unknown, car_box: box, car_score: score, ...alike }) {
  const probability = Math.max(...probabilities);
  const is_unknown = unknown > model.unknown_threshold;
  return {
    model: model.name,
    version: model.version,
    label: model.classes[probabilities.indexOf(probability)].id,
    car: score > 0 ? { box, score } : null,
    no_car: score === 0,
    probability,
    probabilities: Object.fromEntries(model.classes.map(({ id }, column) => [id, probabilities[column]])),
    unknown,
    is_unknown,
    is_doubtful: !is_unknown && (1 - unknown) * probability < served.told_from.sure,
    look_alike: is_unknown ? lookAlike(alike) : null,
    names: Object.fromEntries(model.classes.map((each) => [each.id, each])),
  };
}

// The model of the atlas that it looks like, if that is likely enough to be told.
function lookAlike({ look_alike: model, look_alike_probability: probability }) {
  if (!(probability >= served.told_from.look_alike)) return null;
  return { model, probability, name: served.atlas[model] ?? { en: model, ru: model } };
}

// Not all at the same moment again.
function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000 * (0.5 + Math.random())));
}

function showCount() {
  const states = [...cards].map((card) => card.state);
  const all = states.length;
  const failed = states.filter((each) => each === "failed").length;
  const done = states.filter((each) => each === "answered").length + failed;
  const progress = find("progress");
  find("results").hidden = all === 0;
  document.body.classList.toggle("in-use", all > 0);
  progress.max = all || 1;
  progress.value = done;
  progress.hidden = done === all;
  say(find("done"), failed ? "done_failed" : "done", { count: all, done, failed });
  find("tables").hidden = done === failed;
  if (done === all && all > SPOKEN) announce(find("done").textContent);
}
