// How a program asks the same: a few lines to copy.
const PROGRAMS = {
  curl: (url, key) =>
    `curl ${key ? `-H 'X-API-Key: ${key}' ` : ""}-H 'Content-Type: image/jpeg' \\\n  --data-binary @car.jpg \\\n  '${url}'`,
  python: (url, key) => `import requests

with open("car.jpg", "rb") as photo:
    answer = requests.post(
        "${url}",
        data=photo,
        headers={"Content-Type": "image/jpeg"${key ? `, "X-API-Key": "${key}"` : ""}},
    )
answer.raise_for_status()
print(answer.json()["predictions"][0])`,
  javascript: (url, key) => `import { readFile } from "node:fs/promises";

const answer = await fetch("${url}", {
  method: "POST",
  headers: { "Content-Type": "image/jpeg"${key ? `, "X-API-Key": "${key}"` : ""} },
  body: await readFile("car.jpg"),
});
if (!answer.ok) throw new Error(await answer.text());
console.log((await answer.json()).predictions[0]);`,
};
let program = "curl";

function listenForPrograms() {
  for (const button of document.querySelectorAll("#program .tabs button")) {
    button.onclick = () => {
      program = button.value;
      showProgram();
    };
  }
  find("copy").onclick = copyProgram;
}

function showProgram() {
  const key = "X-API-Key" in keyHeaders() ? "KEY" : null; // the reader's own is not shown
  // Quotes can't break out of the commands: a name is percent-encoded, and so is an apostrophe here.
  const path = modelPath(currentModel()).replaceAll("'", "%27");
  for (const button of document.querySelectorAll("#program .tabs button")) {
    button.setAttribute("aria-pressed", button.value === program);
  }
  document.querySelector("#program code").textContent = PROGRAMS[program](`${location.origin}${path}:predict`, key);
  find("docs").hidden = key !== null; // a link can carry no key
}

async function copyProgram() {
  const code = document.querySelector("#program code");
  const copied = await copyText(code);
  say(find("copy"), copied ? "copied" : "copy");
  announce(t(copied ? "copied" : "copy_failed"));
  if (!copied) getSelection().selectAllChildren(code);
  setTimeout(() => say(find("copy"), "copy"), 2000);
}

// Browsers offer navigator.clipboard over HTTPS and on the machine itself only.
async function copyText(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
}
