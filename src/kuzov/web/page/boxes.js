// The photo with a box around each car; of several, a click or a key chooses one.
const LEAST_CAR_PX = 48;

// Only what the server has read is shown: to decode a huge file could stall the browser.
function showPhoto(picture, file, predictions, choose) {
  const image = element("img", { src: URL.createObjectURL(file), decoding: "async" });
  const cars = predictions.filter((each) => each.car);
  const boxes = cars.map((each, index) => carBox(each, index, cars.length > 1));
  const press = (index) => {
    boxes.forEach((each, at) => each.setAttribute("aria-pressed", at === index));
    choose(index);
  };
  boxes.forEach((each, index) => (each.onclick = cars.length > 1 && (() => press(index))));
  const frame = element("div", { class: "frame" }, say(image, "photo_of", { name: file.name }, "alt"), ...boxes);
  image.onload = () => {
    const { naturalWidth: width, naturalHeight: height } = image;
    frame.style.setProperty("--ratio", width / height);
    for (const { car } of cars) car.small = isSmall(car.box, width, height);
    choose(Math.max(0, boxes.findIndex((each) => each.ariaPressed === "true")));
  };
  image.onerror = () => showByServer(image, file);
  picture.replaceChildren(frame);
}

// A browser may not show what the server reads, such as HEIC; where the server can't help, the answer stands alone.
async function showByServer(image, file) {
  image.onerror = null;
  const response = await api("/web/picture", { method: "POST", body: file }).catch(() => null);
  if (response) image.src = URL.createObjectURL(await response.blob());
}

function isSmall([left, top, right, bottom], width, height) {
  return Math.min((right - left) * width, (bottom - top) * height) < LEAST_CAR_PX;
}

function carBox({ car, label, names }, index, isOneOfMany) {
  const [left, top, right, bottom] = car.box;
  const place = { left, top, width: right - left, height: bottom - top };
  const number = element("span", {}, String(index + 1));
  const box = isOneOfMany
    ? element("button", { type: "button", class: "car", "aria-pressed": String(index === 0) }, number)
    : element("div", { class: "car" });
  for (const [side, part] of Object.entries(place)) box.style[side] = `${part * 100}%`;
  box.style.zIndex = Math.round(100 * (1 - place.width * place.height)); // the smaller lie on the larger ones
  return isOneOfMany ? say(box, "box", { number: index + 1, name: names[label] }, "ariaLabel") : box;
}
