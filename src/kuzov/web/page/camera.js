// A live view of the camera, where the browser lets a page have one; a phone's own camera is better there.
let taken = 0;

async function offerCamera() {
  if (matchMedia("(pointer: coarse)").matches || !navigator.mediaDevices?.getUserMedia) return;
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  find("live").hidden = !devices.some((each) => each.kind === "videoinput");
  find("live").onclick = openCamera;
}

async function openCamera() {
  const wanted = { video: { facingMode: "environment", width: { ideal: 1920 } } };
  const stream = await navigator.mediaDevices.getUserMedia(wanted).catch(() => null);
  if (!stream) {
    find("live").hidden = true; // it is in use, or not allowed
    find("choose").focus();
    return;
  }
  const dialog = find("viewfinder");
  const video = dialog.querySelector("video");
  const [shutter, end] = dialog.querySelectorAll("button");
  video.srcObject = stream;
  shutter.onclick = () => takePicture(video);
  end.onclick = () => dialog.close();
  dialog.onclose = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  dialog.showModal();
}

function takePicture(video) {
  const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  find("viewfinder").close();
  canvas.toBlob((photo) => {
    taken += 1;
    if (photo) take([new File([photo], t("live_photo", { number: taken }), { type: photo.type })]);
  }, "image/jpeg", 0.92);
}
