// Adds "Take a photo now" beside a file field where the browser has a camera. Without this script the
// field works as it is. The picture goes into the field and nowhere else; it is sent by the form's own button.
(() => {
  "use strict";
  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia || !window.DataTransfer) return;

  const button = (label, quiet) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = quiet ? "button button--quiet" : "button";
    made.textContent = label;
    return made;
  };

  const furnish = (field) => {
    const input = field.querySelector("input[type=file]");
    const words = field.dataset;
    const box = document.createElement("div");
    const said = document.createElement("p");
    const video = document.createElement("video");
    const picture = document.createElement("canvas");
    const actions = document.createElement("div");
    const open = button(words.open, true);
    const take = button(words.take);
    const close = button(words.cancel, true);
    let stream = null;

    box.className = "camera";
    actions.className = "actions";
    said.setAttribute("role", "status");
    video.muted = true;
    video.setAttribute("playsinline", "");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", words.taken);

    const show = (state) => {
      video.hidden = take.hidden = close.hidden = state !== "live";
      picture.hidden = state !== "taken";
      open.hidden = state === "live";
      open.textContent = state === "taken" ? words.again : words.open;
    };
    const stop = () => {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      stream = video.srcObject = null;
    };

    open.addEventListener("click", async () => {
      said.textContent = "";
      try {
        stream = await navigator.mediaDevices.getUserMedia({
          video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } },
          audio: false,
        });
        video.srcObject = stream;
        await video.play();
        show("live");
        take.focus();
      } catch {
        stop();
        said.textContent = words.fail;
      }
    });

    take.addEventListener("click", () => {
      picture.width = video.videoWidth;
      picture.height = video.videoHeight;
      picture.getContext("2d").drawImage(video, 0, 0);
      picture.toBlob((blob) => {
        const files = new DataTransfer();
        files.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
        input.files = files.files;
        stop();
        show("taken");
        said.textContent = words.taken;
        open.focus();
      }, "image/jpeg", 0.92);
    });

    close.addEventListener("click", () => {
      stop();
      show("ready");
      open.focus();
    });
    input.addEventListener("change", () => {
      stop();
      show("ready");
      said.textContent = "";
    });
    window.addEventListener("pagehide", stop);

    actions.append(open, take, close);
    box.append(video, picture, said, actions);
    field.append(box);
    show("ready");
  };

  document.querySelectorAll("[data-camera]").forEach(furnish);
})();
