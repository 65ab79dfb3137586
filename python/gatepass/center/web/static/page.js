// Conveniences only: every page works without this file.
"use strict";

// One box that picks all sessions of the page, and how many are picked.
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

// A second click on a form that is under way sends nothing; a download leaves its page in place.
for (const form of document.querySelectorAll("form[method='post']")) {
  let busy = false;
  form.addEventListener("submit", (event) => {
    if (busy) event.preventDefault();
    busy = true;
    setTimeout(() => { busy = false; }, 3000);
  });
}
