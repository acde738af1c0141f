// What every page may do beyond HTML: times in the reader's zone, focus after a
// swap, a card when a request fails, Ctrl+Enter, and the hold's countdown.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- Times -------------------------------------------------------------------
  const FORMATS = {
    time: { hour: "2-digit", minute: "2-digit", hour12: false },
    seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
    date: { day: "numeric", month: "short" },
    both: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hour12: false },
    full: { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hour12: false },
  };
  const localise = (root) => {
    for (const time of $$("time[data-f]", root)) {
      const at = new Date(time.dateTime);
      const today = at.toDateString() === new Date().toDateString();
      const style = time.dataset.f === "auto" ? (today ? "time" : "date") : time.dataset.f;
      time.textContent = new Intl.DateTimeFormat("en-GB", FORMATS[style]).format(at);
      time.removeAttribute("data-f");
    }
  };

  // --- The hold: a countdown, and a sign of life every minute ------------------
  const tick = () => {
    for (const chip of $$("[data-until]")) {
      const left = Math.max(0, Math.floor((new Date(chip.dataset.until) - Date.now()) / 1000));
      const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      if (chip.textContent !== text) chip.textContent = text;
    }
    for (const pill of $$("[data-gone]")) {
      if (Date.now() >= new Date(pill.dataset.gone)) pill.remove();
    }
  };
  setInterval(tick, 1000);
  setInterval(() => {
    const lease = $("#lease[hx-post]");
    if (lease && document.visibilityState === "visible" && window.htmx) htmx.trigger(lease, "heartbeat");
  }, 60000);

  // Parts that renew themselves do so only while somebody can see them, and never
  // under somebody's hands.
  const looked = new WeakMap();
  setInterval(() => {
    for (const part of $$("[data-look]")) {
      const last = looked.get(part) ?? looked.set(part, Date.now()).get(part);
      const due = Date.now() - last >= Number(part.dataset.look) * 1000;
      if (!due || document.visibilityState !== "visible" || part.contains(document.activeElement)) continue;
      looked.set(part, Date.now());
      if (window.htmx) htmx.trigger(part, "look");
    }
  }, 1000);

  // --- Regions that speak --------------------------------------------------------
  const say = (text) => { $("#live").textContent = text; };
  const card = (text) => {
    const box = document.createElement("div");
    box.className = "card";
    const words = document.createElement("p");
    words.textContent = text;
    const retry = document.createElement("button");
    retry.className = "btn";
    retry.type = "button";
    retry.textContent = "Reload";
    retry.addEventListener("click", () => location.reload());
    box.append(words, retry);
    $("#alert").replaceChildren(box);
  };

  // --- htmx ----------------------------------------------------------------------
  const focusNamed = () => {
    const target = $("[data-focus]");
    if (!target) return;
    target.removeAttribute("data-focus");
    target.focus({ preventScroll: target.hasAttribute("data-still") });
  };
  document.addEventListener("htmx:afterSettle", () => {
    localise(document);
    tick();
    focusNamed();
    $("#alert").replaceChildren();
    const words = $("[data-say]");
    if (words) { say(words.dataset.say); words.removeAttribute("data-say"); }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    card(status === 503 ? "We cannot take more right now. Nothing was saved. Try again in a few seconds."
      : `That did not work (${status}). Nothing was sent twice. Reload the page and try again.`);
  });
  document.addEventListener("htmx:sendError", () => card("There is no connection. Nothing was sent."));
  document.addEventListener("htmx:beforeRequest", (event) => event.detail.target?.setAttribute("aria-busy", "true"));
  document.addEventListener("htmx:afterRequest", (event) => event.detail.target?.removeAttribute("aria-busy"));

  // --- Keys that every page has ----------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest?.("form");
      if (form) { event.preventDefault(); form.requestSubmit($("[data-send]", form) || undefined); }
    }
    if (event.key === "Escape" && location.hash === "#nav") location.hash = "m";
  });

  // --- A form's own help -------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input.matches?.("input[type=file][data-names]")) {
      $(input.dataset.names).textContent = input.files.length ? input.files[0].name : "";
    }
    if (input.matches?.("select[data-go]")) input.form.requestSubmit();
  });

  localise(document);
  tick();
  focusNamed();
  window.Reviewhub = { say, card };
})();
