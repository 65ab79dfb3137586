// Conveniences only: every page works without this file.
"use strict";

// A check box that selects all sessions on the page, and the number of selected ones.
const all = document.querySelector("[data-pick-all]");
const boxes = [...document.querySelectorAll("input[name='session'][type='checkbox']")];
const count = document.querySelector("[data-picked]");

function show() {
  const picked = boxes.filter((box) => box.checked).length;
  if (all) {
    all.checked = picked > 0 && picked === boxes.length;
    all.indeterminate = picked > 0 && picked < boxes.length;
  }
  if (count) count.textContent = picked === 0 ? "" : `${picked} selected`;
}

if (all && boxes.length) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    show();
  });
  for (const box of boxes) box.addEventListener("change", show);
  addEventListener("pageshow", show);
}

// A menu closes on Escape and on a click elsewhere.
for (const menu of document.querySelectorAll("details.menu")) {
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}

// Buttons that copy a text, if the browser allows it.
for (const place of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  const text = place.textContent.trim();
  const button = document.createElement("button");
  const words = `Copy the ${place.dataset.copy} ${text}`;
  button.type = "button";
  button.className = "copy";
  button.title = "Copy";
  button.setAttribute("aria-label", words);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.classList.add("done");
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => {
      button.classList.remove("done");
      button.setAttribute("aria-label", words);
    }, 2000);
  });
  place.append(button);
}

// A double click sends a form once. After three seconds it can be sent again: a download leaves its
// page open.
for (const form of document.querySelectorAll("form[method='post']")) {
  let busy = false;
  form.addEventListener("submit", (event) => {
    if (busy) event.preventDefault();
    busy = true;
    setTimeout(() => { busy = false; }, 3000);
  });
}

// A download leaves its page open. A cookie with the random text of the form says that the file was
// sent; the page then shows the next steps.
for (const form of document.querySelectorAll("form[data-sends-file]")) {
  const over = (is) => {
    for (const part of document.querySelectorAll("[data-file-sent]")) part.hidden = !is;
    for (const part of document.querySelectorAll("[data-until-sent]")) part.hidden = is;
  };
  const name = "__Host-gatepass-sent";
  let waiting = 0;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const bytes = [...crypto.getRandomValues(new Uint8Array(8))];
    const sign = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    form.elements.sign.value = sign;
    clearInterval(waiting);
    const until = Date.now() + 60000;
    waiting = setInterval(() => {
      if (Date.now() > until) clearInterval(waiting);
      if (!document.cookie.split("; ").includes(`${name}=${sign}`)) return;
      clearInterval(waiting);
      document.querySelector("#problem")?.remove();
      form.elements.code.removeAttribute("aria-invalid");
      form.elements.code.value = "";
      over(true);
    }, 200);
  });
}
