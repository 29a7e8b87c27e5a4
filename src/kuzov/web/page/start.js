// Start the page.
for (const button of document.querySelectorAll("#languages button")) {
  button.onclick = () => switchLanguage(button.value);
}
showLanguage();
listenForPhotos();
offerSamples();
offerCamera();
listenForPrograms();
listenForTables();
find("clear").onclick = clearPhotos;
addEventListener("online", () => stopped && goOn(1));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !stopped) refreshModels().catch(() => {}); // the next photo will tell
});
goOn(0);
