// The API key, where the server asks for one: it stays in this tab.
let asking = null;

function keyHeaders() {
  const key = keep(() => sessionStorage.getItem("kuzov.key"));
  return key ? { "X-API-Key": key } : {};
}

// Ask the reader; all who wait for the key get it together. True if one was given.
function askForKey() {
  asking ??= new Promise((resolve) => {
    const dialog = find("key");
    const [form] = dialog.getElementsByTagName("form");
    const input = dialog.querySelector("input");
    say(find("key-why"), "X-API-Key" in keyHeaders() ? "key_wrong" : "key_why");
    input.value = "";
    let given = false;
    form.onsubmit = (event) => {
      event.preventDefault();
      keep(() => sessionStorage.setItem("kuzov.key", input.value.trim()));
      given = true;
      dialog.close();
    };
    dialog.querySelector("button[type=button]").onclick = () => dialog.close();
    dialog.onclose = () => {
      asking = null;
      resolve(given);
    };
    dialog.showModal();
  });
  return asking;
}
