const POLL_MS = { busy: 700, quiet: 8000 };

// Do something, then show what has become of it, or why it can't be done.
async function attempt(action) {
  parts.trouble.textContent = "";
  try {
    await action();
    if (action !== refresh) await refresh();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    say(problem.kind === "token" ? parts.why : parts.trouble, problem.key, problem.values);
  }
}

let nextLook = null;
async function refresh() {
  clearTimeout(nextLook);
  if (!teacher.token) return;
  const state = await (await askTeacher("state")).json();
  const before = teacher.state;
  teacher.state = state;
  if (!before) {
    setOpen(true);
    askTeacher("begin", { method: "POST" }).catch(() => {}); // so that the training itself starts at once
  }
  if (JSON.stringify(before) !== JSON.stringify(state)) showState(before);
  const busy = state.training?.running || state.training?.comparing || isTakingOver(state);
  nextLook = setTimeout(look, busy ? POLL_MS.busy : POLL_MS.quiet);
}

// A look that fails says nothing: the next one may not, and what a teacher does tells what is wrong.
function look() {
  refresh().catch(() => (nextLook = setTimeout(look, POLL_MS.quiet)));
}

function changed(before, ...keys) {
  return keys.some((key) => JSON.stringify(before?.[key]) !== JSON.stringify(teacher.state[key]));
}

function isTakingOver(state) {
  return state.newest !== null && !state.load_failure && state.judgement?.version !== state.newest;
}

function showState(before) {
  const { state } = teacher;
  if (changed(before, "classes", "strangers")) showClasses();
  showTraining(before?.training);
  const compared = before?.training?.comparing !== state.training?.comparing;
  if (compared || changed(before, "candidates", "judgement", "newest", "former", "load_failure")) showJudgement();
  const version = state.judgement?.version;
  if (before && before.judgement?.version !== version) {
    announce(t("teach_published", { made: madeAt(version) }));
    refreshModels().catch(() => {});
  }
}

// kuzov numbers versions by the second.
function madeAt(version) {
  if (version < FIRST_DATED_VERSION) return String(version);
  const style = { dateStyle: "medium", timeStyle: "short" };
  return inBoth((each) => new Intl.DateTimeFormat(each, style).format(version * 1000));
}
