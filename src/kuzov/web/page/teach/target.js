// Which car a photo shows, as a teacher says: one that is known, a new one by its name, or none of them.
const NEW_CAR = "/new"; // no id has a slash, nor begins with a dot
const NONE = ".none";
const targets = new Set();

// A choice in which nothing is chosen beforehand: what is taught is what the teacher has said.
function targetChoice(key) {
  const select = element("select");
  const names = [element("input", nameAttributes), element("input", nameAttributes)];
  const fields = element("div", { class: "names" },
    labelled("teach_name_en", names[0]), labelled("teach_name_ru", names[1]));
  const choice = {
    select,
    fields: [labelled(key, select), fields],
    // {class} with {en, ru} where it is new; a text's key where it is not said.
    get: () => (select.value === NEW_CAR ? newCar(names) : { class: select.value, missing: !select.value && "teach_unchosen" }),
    choose(id) {
      select.replaceChildren(...targetOptions(id));
      for (const each of names) each.value = "";
      show();
    },
    refresh: () => select.replaceChildren(...targetOptions(select.value)),
    onchange() {},
  };
  const show = () => {
    fields.hidden = select.value !== NEW_CAR;
    choice.onchange();
  };
  select.onchange = () => {
    show();
    if (!fields.hidden) names[LANGUAGES.indexOf(language)].focus();
  };
  choice.choose("");
  targets.add(choice);
  return choice;
}

const nameAttributes = { autocomplete: "off", maxlength: "60" };

function targetOptions(chosen) {
  const known = (teacher.state?.classes ?? []).map((each) => [each.id, "any", { any: each }]);
  const all = [["", "teach_choose_car"], ...known, [NEW_CAR, "teach_new"], [NONE, "teach_none"]];
  return all.map(([value, key, values]) => say(element("option", { value, selected: value === chosen }), key, values));
}

// Called by its name, in the letters that a folder's name may have; a name that is known is no new car.
function newCar(names) {
  const [en, ru] = names.map((each) => each.value.trim());
  const same = (a, b) => a && a.toLowerCase() === b.toLowerCase();
  const known = teacher.state.classes.find((each) => same(en, each.en) || same(ru, each.ru) || same(en || ru, each.id));
  if (known) return { class: known.id };
  const made = (en || ru).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "");
  return made ? { class: made, en: en || ru, ru: ru || en } : { missing: "teach_nameless" };
}

function refreshTargets() {
  for (const each of targets) {
    if (!each.select.isConnected) targets.delete(each);
    else each.refresh();
  }
}
