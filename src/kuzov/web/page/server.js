// Calls to the server, and what can go wrong with them in words for the reader.

// `kind` tells what to do about it: "lost", "busy", "key", "gone", "photo" or "other".
class Problem extends Error {
  constructor(kind, key, values) {
    super(t(key, values));
    Object.assign(this, { kind, key, values });
  }
}

const KINDS = { 404: ["gone", "gone"], 429: ["busy", "busy"], 503: ["busy", "busy"] };
const OTHERS = { 408: "late", 500: "broken_server", 504: "late", 507: "full" };
// What the server says of photos that it can't read, and which of the page's texts says so.
const PHOTO_TEXTS = [
  [/is not a photo/, "no_photo"],
  [/is empty/, "empty_photo"],
  [/claims more than|pixels together/, "large_photo"],
  [/is broken|replace it with a whole copy/, "broken_photo"],
];

// A response that is well; anything else is thrown as a Problem. Other headers than the key's are kept.
async function api(path, options = {}) {
  for (;;) {
    const sent = keyHeaders();
    const response = await send(path, { ...options, headers: { ...sent, ...options.headers } });
    if (response.ok) return response;
    const own = response.status === 401 && "Authorization" in (options.headers ?? {});
    if (response.status !== 401 || own) throw await problemOf(response);
    const isNew = keyHeaders()["X-API-Key"] !== sent["X-API-Key"]; // another call has asked meanwhile
    if (!isNew && !(await askForKey())) throw new Problem("key", "no_key");
  }
}

async function send(path, options) {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (options.body instanceof Blob && !(await isReadable(options.body))) {
      throw new Problem("photo", "unreadable");
    }
    throw new Problem("lost", "lost");
  }
}

async function isReadable(file) {
  try {
    return (await file.slice(0, 1).arrayBuffer()).byteLength > 0; // of a deleted file, Chromium reads nothing
  } catch {
    return false;
  }
}

async function problemOf(response) {
  const reason = await reasonOf(response);
  const found = PHOTO_TEXTS.find(([pattern]) => response.status === 400 && pattern.test(reason));
  if (found) return new Problem("photo", found[1], { megapixels: limits().max_image_pixels / 1e6 });
  if (response.status in OTHERS) return new Problem("other", OTHERS[response.status]);
  if (!(response.status in KINDS)) return new Problem("other", "refused", { reason });
  const problem = new Problem(...KINDS[response.status]);
  problem.retryAfter = Number(response.headers.get("retry-after")) || 1;
  return problem;
}

async function reasonOf(response) {
  try {
    return String((await response.json()).error);
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}
