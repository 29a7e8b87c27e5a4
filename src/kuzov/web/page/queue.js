// Photos take their turn: a few are asked about at a time, and all wait where there is nobody to ask.
const IN_FLIGHT = 4;
const RETRY_MS = [1000, 2000, 4000];
const waiting = [];
let underWay = 0;
let stopped = null; // the Problem for which all wait
let timer = null;

// A job is a function that never rejects; it resolves to true, or to the Problem for which all have to wait.
function enqueue(jobs) {
  waiting.push(...jobs);
  startNext();
}

function emptyQueue() {
  waiting.length = 0;
}

function startNext() {
  while (!stopped && waiting.length && underWay < IN_FLIGHT) run(waiting.shift());
}

async function run(job) {
  underWay += 1;
  const outcome = await job();
  underWay -= 1;
  if (outcome !== true) {
    waiting.unshift(job);
    waitFor(outcome);
  }
  startNext();
}

// Stop until the server is back with a model; it is asked now and then, and when the reader says so.
function waitFor(problem, tries = 0) {
  if (stopped && tries === 0) return;
  stopped = problem;
  const trouble = find("trouble");
  say(trouble.querySelector("p"), problem.key, problem.values);
  trouble.hidden = false;
  clearTimeout(timer);
  const again = () => goOn(tries + 1);
  trouble.querySelector("button").onclick = again;
  if (problem.kind !== "key") timer = setTimeout(again, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
}

async function goOn(tries) {
  clearTimeout(timer);
  try {
    await refreshModels();
    if (currentModel() === null) throw new Problem("busy", "no_model");
    stopped = null;
    find("trouble").hidden = true;
    startNext();
  } catch (problem) {
    waitFor(problem, tries);
  }
}
