"use strict";
// Brings <main> up to date without losing what a reader has opened, scrolled or focused.
// The page is whole without it; it asks nobody but the server it came from.
(() => {
  const seconds = Number(document.documentElement.dataset.refresh);
  const status = document.getElementById("updates");
  let last = new Date();

  const busy = () => document.hidden || String(getSelection()) !== "";

  const keep = (old, fresh) => {
    for (const one of old.querySelectorAll("details[open][id]")) {
      const same = fresh.querySelector(`#${CSS.escape(one.id)}`);
      if (same) same.open = true;
    }
    const scrolled = [...old.querySelectorAll(".wide[id]")].map((one) => [one.id, one.scrollLeft]);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(fresh);
    for (const [id, left] of scrolled) {
      const same = document.getElementById(id);
      if (same) same.scrollLeft = left;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };

  const update = async () => {
    if (busy()) return;
    try {
      const answer = await fetch("./", { cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("main");
      if (!answer.ok || !fresh) throw new Error(`status ${answer.status}`);
      keep(document.querySelector("main"), document.adoptNode(fresh));
      document.title = page.title;
      document.body.classList.remove("old");
      if (status.textContent) status.textContent = "";
      last = new Date();
    } catch {
      document.body.classList.add("old");
      status.textContent = `Not up to date: no answer since ${last.toLocaleTimeString()}.`;
    }
  };

  if (seconds > 0) setInterval(update, seconds * 1000);
})();
