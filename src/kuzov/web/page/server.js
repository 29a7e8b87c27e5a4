// Calls to the server, and what can go wrong with them in words for the reader.

// `kind` tells what to do about it: "lost", "busy", "key", "gone", "photo" or "other".
class Problem extends Error {
  constructor(kind, key, values) {
    super(t(key, values));
    Object.assign(this, { kind, key, values });
  }
}

const KINDS = { 404: ["gone", "gone"], 429: ["busy", "busy"], 503: ["busy", "busy"] };
const OTHERS = {
  403: "forbidden", 408: "late", 413: "too_large", 499: "late", 500: "broken_server", 501: "broken_server", 502: "busy",
  504: "late", 507: "full",
};
// The word by which the server names what is wrong with a photo, and which of the page's texts says so.
const PHOTO_TEXTS = {
  no_image: "no_photo", empty_image: "empty_photo", large_image: "large_photo", broken_image: "broken_photo",
};

// A response that is well; anything else is thrown as a Problem. Other headers than the key's are kept.
async function api(path, options = {}) {
  for (;;) {
    const sent = keyHeaders();
    const response = await send(path, { ...options, headers: { ...sent, ...options.headers } });
    if (response.ok) return response;
    const own = response.status === 401 && "Authorization" in (options.headers ?? {});
    if (response.status !== 401 || own) throw problemOf(response);
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

function problemOf(response) {
  const text = PHOTO_TEXTS[response.headers.get("kuzov-reason")];
  if (text) return new Problem("photo", text, { megapixels: limits().max_image_pixels / 1e6 });
  if (response.status in OTHERS) return new Problem("other", OTHERS[response.status]);
  // The server's own sentence is English, and for programmers.
  if (!(response.status in KINDS)) return new Problem("other", "refused", { status: String(response.status) });
  const problem = new Problem(...KINDS[response.status]);
  problem.retryAfter = Number(response.headers.get("retry-after")) || 1;
  return problem;
}
