// An answer is corrected on its card: the photo goes to the car that the teacher names.
const OUTCOMES = { added: "teach_learned_added", moved: "teach_learned_moved", "there already": "teach_learned_there" };

document.addEventListener("answered", ({ detail: { article, file } }) => {
  const target = targetChoice("teach_this_is");
  const said = element("span", { role: "status" });
  const teachIt = async () => {
    const { missing, ...query } = target.get();
    if (missing) {
      say(said, missing);
      return;
    }
    save.disabled = true; // until something else is chosen
    try {
      const given = await askTeacher("photos", { method: "POST", body: file, ...query });
      const { outcome, former } = await given.json();
      await refresh();
      target.choose(query.class);
      save.disabled = true;
      const key = query.class === NONE && outcome !== "there already" ? "teach_learned_none" : OUTCOMES[outcome];
      say(said, key, { name: classNames(query.class), former: former && classNames(former) });
    } catch (problem) {
      save.disabled = false;
      say(said, problem.key, problem.values);
    }
  };
  const save = button("teach_correct", teachIt);
  save.disabled = true;
  target.onchange = () => {
    save.disabled = target.select.value === "";
    said.textContent = "";
  };
  article.querySelector(".text").append(element("div", { class: "correct" }, ...target.fields, save, said));
});
