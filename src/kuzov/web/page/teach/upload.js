const UPLOADS = 2;

function addForTeaching(files) {
  parts.files.value = "";
  const { missing, ...target } = parts.target.get();
  if (missing) {
    say(parts.trouble, missing);
    parts.target.select.focus();
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
  // A new car is a known one from now on, unless the teacher has gone on to another meanwhile.
  const { select, get } = parts.target;
  if (select.value === NEW_CAR && get().class === teacher.last?.class) teacher.wanted = teacher.last.class;
  const key = teacher.failed ? "teach_added_failed" : "teach_added";
  const { added, failed } = teacher;
  if (!teacher.pending.length) announce(say(parts.count, key, { count: added, failed }).textContent);
  look();
}

async function uploadNext() {
  while (teacher.pending.length && parts.goOn.hidden) {
    const job = teacher.pending.shift();
    try {
      await askTeacher("photos", { method: "POST", body: job.file, ...job.target });
      teacher.added += 1;
      teacher.last = job.target;
    } catch (problem) {
      if (["lost", "disk_full", "disk", "token", "busy"].includes(problem.kind)) {
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
    say(parts.count, "teach_adding", { count: teacher.added, left: teacher.pending.length });
  }
}
