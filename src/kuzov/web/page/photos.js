// How photos get into the page: chosen, photographed, dropped or pasted.

function listenForPhotos() {
  for (const input of [find("choose"), find("camera")]) {
    input.onchange = () => {
      take([...input.files]);
      input.value = ""; // the same photo may be chosen again
    };
  }
  find("camera-way").hidden = !matchMedia("(pointer: coarse)").matches;
  find("drop").onclick = (event) => {
    if (!event.target.closest("label, button")) find("choose").click();
  };
  listenForDrops();
  addEventListener("paste", (event) => {
    if (event.defaultPrevented || event.target.closest("input, textarea")) return;
    const files = [...event.clipboardData.files];
    take(files, "nothing_pasted");
  });
}

function take(files, otherwise) {
  const note = find("note");
  note.replaceChildren();
  if (files.length) addPhotos(files);
  else if (otherwise) say(note, otherwise);
}

function listenForDrops() {
  const over = (isOver) => document.body.classList.toggle("dragging", isOver);
  addEventListener("dragover", (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    over(true);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) over(false);
  });
  addEventListener("drop", async (event) => {
    over(false);
    if (event.defaultPrevented) return;
    event.preventDefault();
    take(await droppedFiles(event.dataTransfer), "nothing_dropped");
  });
}

// Files as they are, and of folders what is a picture.
async function droppedFiles(transfer) {
  const files = [...transfer.files];
  // Before anything is awaited: a browser then forgets what was dropped.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((each) => each.isDirectory)) return files;
  const folders = await Promise.all(entries.filter((each) => each.isDirectory).map(picturesIn));
  const names = new Set(entries.filter((each) => each.isFile).map((each) => each.name));
  return [...files.filter((file) => names.has(file.name)), ...folders.flat()];
}

// Browsers know no type for formats that they can't show.
const PICTURE_NAME = /\.(jpe?g?|jfif|jif|pjp(eg)?|a?png|webp|hei[cf]s?|hif|avifs?|bmp|dib|gif|ico)$/i;

function isPicture({ type, name }) {
  return type.startsWith("image/") || (type === "" && PICTURE_NAME.test(name));
}

async function picturesIn(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    // A hundred or so come at a time.
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return found;
    for (const entry of entries) {
      if (entry.isDirectory) {
        found.push(...(await picturesIn(entry)));
      } else {
        const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
        if (isPicture(file)) found.push(file);
      }
    }
  }
}
