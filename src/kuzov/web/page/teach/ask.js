// Teaching: photos are added and corrected, a version is trained, judged, published, taken back.
const teacher = {
  token: keep(() => sessionStorage.getItem("kuzov.teach")),
  state: null, // as /teach/state told it last
  pending: [],
  failed: 0,
  added: 0,
  wanted: null,
};

// The word by which the server names why it refuses, and which text says so.
const REFUSALS = {
  no_image: "teach_no_image", broken_image: "broken_photo", large_image: "large_photo",
  class_name: "teach_class_name", disk_full: "teach_disk_full", disk: "teach_disk", training: "teach_busy", too_few: "teach_too_few",
  no_such_photo: "teach_gone", no_candidate: "teach_gone", not_newest: "teach_gone",
  names_file: "teach_names_file", no_former: "teach_no_former", published: "teach_is_published",
};

async function askTeacher(call, { method = "GET", body, ...query } = {}) {
  const headers = { Authorization: `Bearer ${teacher.token}` };
  const response = await send(`/teach/${call}?${new URLSearchParams(query)}`, { method, body, headers });
  if (response.ok) return response;
  const reason = response.headers.get("kuzov-reason");
  if (reason === "token") {
    leave();
    throw new Problem("token", "teach_wrong");
  }
  if (!(reason in REFUSALS)) throw problemOf(response);
  throw new Problem(reason, REFUSALS[reason], { megapixels: limits().max_image_pixels / 1e6 });
}
