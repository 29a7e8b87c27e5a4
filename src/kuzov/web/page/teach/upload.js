const UPLOADS = 2;

// Which class a teacher means; a new one is called by its name, in the letters that a folder's name may have.
function chosenClass() {
  const id = parts.which.value;
  if (id !== NEW_MODEL) return { class: id };
  const [en, ru] = [parts.en.value.trim(), parts.ru.value.trim()];
  const made = (en || ru).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  return made && { class: made, en: en || ru, ru: ru || en };
}

function addForTeaching(files) {
  parts.files.value = "";
  const target = chosenClass();
  if (!target) {
    say(parts.trouble, "teach_nameless");
    parts.en.focus();
    return;
  }
  if (!teacher.pending.length) {
    Object.assign(teacher, { added: 0, failed: 0 });
    parts.refused.replaceChildren();
  }
  teacher.pending.push(...files.map((file) => ({ file, target })));
  upload();
}

async function upload() {
  parts.goOn.hidden = true;
  parts.trouble.textContent = "";
  parts.progress.max = teacher.added + teacher.failed + teacher.pending.length;
  parts.progress.hidden = false;
  await Promise.all(Array.from({ length: UPLOADS }, uploadNext));
  parts.progress.hidden = true;
  parts.goOn.hidden = !teacher.pending.length;
  const [{ target } = {}] = teacher.last ?? [];
  if (target && parts.which.value === NEW_MODEL) {
    teacher.wanted = target.class;
    parts.en.value = parts.ru.value = "";
  }
  const key = teacher.failed ? "teach_added_failed" : "teach_added";
  const { added, failed } = teacher;
  if (!teacher.pending.length) announce(say(parts.count, key, { added, failed }).textContent);
  look();
}

async function uploadNext() {
  while (teacher.pending.length && parts.goOn.hidden) {
    const job = teacher.pending.shift();
    try {
      await askTeacher("photos", { method: "POST", body: job.file, ...job.target });
      teacher.added += 1;
      teacher.last = [job];
    } catch (problem) {
      if (["lost", "disk_full", "token", "busy"].includes(problem.kind)) {
        teacher.pending.unshift(job);
        parts.goOn.hidden = false;
        say(parts.trouble, problem.kind === "lost" ? "teach_lost" : problem.key, problem.values);
        return;
      }
      teacher.failed += 1;
      const why = say(element("span"), problem.key, problem.values);
      parts.refused.append(element("li", {}, `${job.file.name}: `, why));
    }
    parts.progress.value = teacher.added + teacher.failed;
    say(parts.count, "teach_adding", { added: teacher.added, left: teacher.pending.length });
  }
}
