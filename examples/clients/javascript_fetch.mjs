// Ask over REST which car a photo shows. In Node 20 or newer: node javascript_fetch.mjs PHOTO [URL]
// In a web page: import { recognise } from "./javascript_fetch.mjs", and give it a file of an <input>. A page
// from elsewhere needs a server with --rest_api_enable_cors_support.

/** The most probable class, its probability, and how sure it is that the photo, a Blob, shows none of them. */
export async function recognise(photo, url) {
  const bytes = new Uint8Array(await photo.arrayBuffer());
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const response = await fetch(`${url}:predict`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ signature_name: "image_bytes", instances: [{ b64: btoa(binary) }] }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`The server refused the photo: ${answer.error}`);
  const { label, probabilities, unknown } = answer.predictions[0];
  return { label, probability: Math.max(...probabilities), unknown };
}

if (globalThis.process?.argv[1]?.endsWith("javascript_fetch.mjs")) {
  const { readFile } = await import("node:fs/promises");
  const [photo, url = "http://127.0.0.1:8501/v1/models/img_classifier"] = process.argv.slice(2);
  try {
    const { label, probability, unknown } = await recognise(new Blob([await readFile(photo)]), url);
    const said = unknown > 0.5 ? "none of these models, most like" : "this is";
    console.log(`${said} ${label} ${(100 * probability).toFixed(1)}%`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
