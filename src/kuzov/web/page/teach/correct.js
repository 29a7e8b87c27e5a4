// An answer is corrected on its card: the photo goes to the class that the teacher names.
document.addEventListener("answered", ({ detail: { article, file, prediction } }) => {
  const select = element("select", {}, ...(teacher.state ? knownOptions(prediction.label) : [element("option", { value: prediction.label })]));
  const said = element("span", { role: "status" });
  const teachIt = async () => {
    try {
      const given = await askTeacher("photos", { method: "POST", body: file, class: select.value });
      const { outcome, former } = await given.json();
      const key = { added: "teach_learned_added", moved: "teach_learned_moved", "there already": "teach_learned_there" }[outcome];
      say(said, key, { name: classNames(select.value), former: former && classNames(former) });
      await refresh();
    } catch (problem) {
      say(said, problem.key, problem.values);
    }
  };
  article.querySelector(".text").append(
    element("div", { class: "correct" }, labelled("teach_this_is", select), button("teach_correct", teachIt), said),
  );
});
