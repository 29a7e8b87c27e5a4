// Elements, and what a screen reader is told.

// An element; attributes that are functions become handlers, those that are false or null are left out.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made[name] = value;
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

function find(id) {
  return document.getElementById(id);
}

// Told in the order of the calls: a text that follows too soon would wipe out the one before.
const announcements = [];
function announce(text) {
  announcements.push(text);
  if (announcements.length === 1) announceNext();
}

function announceNext() {
  find("said").textContent = announcements[0];
  setTimeout(() => {
    find("said").textContent = "";
    announcements.shift();
    if (announcements.length) announceNext();
  }, 1000);
}
