// Where the model looked: a picture from the server in place of the photo, and back.

function saliencyButton(picture, file, prediction) {
  const button = say(element("button", { type: "button", class: "button", "aria-pressed": "false" }), "looked");
  const note = element("p", { class: "fine", role: "status" });
  let heat = null;
  button.onclick = async () => {
    if (button.ariaBusy === "true") return;
    if (heat === null) {
      button.ariaBusy = "true";
      say(note, "looking");
      try {
        heat = await fetchHeat(file, prediction);
        picture.append(heat);
      } catch (problem) {
        say(note, problem.key, problem.values);
        return;
      } finally {
        button.ariaBusy = "false";
      }
      heat.hidden = true;
    }
    heat.hidden = !heat.hidden;
    button.setAttribute("aria-pressed", !heat.hidden);
    if (heat.hidden) note.replaceChildren();
    else say(note, "looked_caption");
  };
  return element("div", {}, button, note);
}

async function fetchHeat(file, { model, version }) {
  const path = `/web/saliency/${encodeURIComponent(model)}/${version}`;
  const response = await api(path, { method: "POST", body: file });
  const image = element("img", { src: URL.createObjectURL(await response.blob()) });
  await image.decode();
  URL.revokeObjectURL(image.src);
  return say(image, "looked_at", { name: file.name }, "alt");
}
