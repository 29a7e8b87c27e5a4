// Drawn cars, for who has no photo at hand.
const SAMPLES = 3;

function offerSamples() {
  const numbers = Array.from({ length: SAMPLES }, (_, index) => index + 1);
  find("samples").querySelector(".ways").append(...numbers.map(sampleButton));
}

function sampleButton(number) {
  const path = `/web/sample/${number}`;
  const image = say(element("img", { src: path, width: 96, height: 66 }), "sample", { number }, "alt");
  const onclick = async () => {
    try {
      const photo = await (await api(path)).blob();
      take([new File([photo], t("sample_photo", { number }), { type: photo.type })]);
    } catch (problem) {
      say(find("note"), problem.key, problem.values);
    }
  };
  return element("button", { type: "button", class: "sample", onclick }, image);
}
