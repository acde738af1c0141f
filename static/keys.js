// Keys of the review screen and of lists. The page says which key does what
// (data-key), so a key and its button cannot come apart. One listener, bound once.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const GUARD_MS = 350;
  let shownAt = performance.now();
  let item = $("#review")?.dataset.item;
  let sending = false;
  let opener = null;
  let saved = null;

  const lettersOn = () => document.body.dataset.keys === "on";
  const panel = () => $("[data-panel]");
  const typing = (el) => el.isContentEditable || el.matches?.("textarea, select, dialog *")
    || (el.matches?.("input") && !["radio", "checkbox", "submit", "button"].includes(el.type));
  const visible = (el) => el.getClientRects().length > 0;

  document.addEventListener("htmx:afterSwap", () => {
    const now = $("#review")?.dataset.item;
    if (now !== item) { item = now; shownAt = performance.now(); saved = null; }
    sending = false;
  });
  document.addEventListener("htmx:afterRequest", (event) => { if (!event.detail.successful) sending = false; });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches?.("#reject, [data-key=e]")) opener = event.detail.elt.dataset.key;
  });
  // What stood beside the fields before a panel took its place comes back on Esc.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "rail" && !panel()) saved = [...event.detail.target.childNodes];
  });
  // A second press, by key or by hand, never sends a second time.
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("#review")) return;
    if (event.target.matches("[role=search]")) { event.preventDefault(); return; }
    if (event.target.closest("#merchant")) return;
    if (sending || !settled(event)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    sending = true;
  }, true);

  const unsettled = () => $$("[data-doubt]").find((f) => {
    const pick = $("input[type=radio]:checked", f);
    if (!pick) return true;
    const other = pick.closest(".opt").nextElementSibling;
    return Boolean(other?.matches(".oth") && !$(".inp", other).value.trim());
  });
  const settled = (event) => {
    if (event.submitter?.id !== "approve") return true;
    const field = unsettled();
    if (!field) return true;
    const words = `Pick a ${field.dataset.doubt} first, 1 to ${field.dataset.most}.`;
    Reviewhub.say(words);
    const effect = $("#effect");
    if (effect) effect.textContent = words;
    ($("input[type=radio]", field) || field).focus();
    return false;
  };

  const press = (el) => {
    if (el.matches("[data-decide], [data-key=s]")) {
      if (sending || performance.now() - shownAt < GUARD_MS) return;
    }
    el.click();
  };
  const choose = (digit) => {
    const open = panel();
    if (open) {
      const button = $(`[data-key="${digit}"]`, open);
      if (button) { press(button); return true; }
      return pick($("#codes", open), digit, true);
    }
    const focused = document.activeElement.closest?.("[data-doubt]");
    const field = focused || unsettled() || $("[data-doubt]");
    return pick(field, digit, false);
  };
  const pick = (field, digit, inPanel) => {
    const label = field && $$(".opt", field)[digit - 1];
    const radio = label && $("input", label);
    if (!radio || radio.disabled) return false;
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const other = label.nextElementSibling;
    if (!inPanel && other?.matches(".oth")) { const box = $(".inp", other); box.focus(); box.select(); return true; }
    if (inPanel) { radio.focus(); return true; }
    const next = unsettled();
    ($("input[type=radio]", next || label) || label).focus({ preventScroll: !next });
    return true;
  };
  const step = (by) => {
    const fields = $$("[data-field]").filter(visible);
    const here = fields.indexOf(document.activeElement.closest?.("[data-field]"));
    const next = fields[Math.min(fields.length - 1, Math.max(0, here + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const edit = (field) => {
    const details = $("details.ed", field);
    if (!details) return false;
    details.open = true;
    const box = $(".inp", details);
    box.focus();
    box.select();
    return true;
  };
  const closePanel = () => {
    if (!saved) { location.reload(); return; }
    $("#rail").replaceChildren(...saved);
    htmx.process($("#rail"));
    saved = null;
    $(`#dock [data-key="${opener || "r"}"]`)?.focus();
  };

  const leaveBox = (box) => {
    const field = box.closest("[data-field]");
    if (!field) return;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    field.focus();
  };

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (close && $("#rail")?.contains(close)) { event.preventDefault(); closePanel(); }
    const open = event.target.closest("[data-open]");
    if (open) $(`#${open.dataset.open}`)?.showModal();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    const el = document.activeElement || document.body;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const open = panel();
    if ($("dialog[open]")) return;

    if (typing(el)) {
      const filter = el.matches("[data-filter]");
      if (key === "Escape") { event.preventDefault(); if (filter || open?.contains(el)) closePanel(); else leaveBox(el); }
      else if (key === "Enter" && filter) {
        event.preventDefault();
        const picked = $("#codes :checked") || $("#codes input");
        if (picked) { picked.checked = true; picked.focus(); }
      } else if (key === "Enter" && el.matches("input") && el.closest("[data-field]")) { event.preventDefault(); leaveBox(el); }
      else if (filter && el.value === "" && /^[1-9]$/.test(key) && lettersOn() && choose(Number(key))) event.preventDefault();
      return;
    }
    if (key === "Escape") { if (open) { event.preventDefault(); closePanel(); } return; }
    if (key === "ArrowDown" || key === "ArrowUp") {
      if (el.matches("input[type=radio]") || !$("[data-field]")) return;
      event.preventDefault(); step(key === "ArrowDown" ? 1 : -1); return;
    }
    if (key === "Enter") {
      if (open) {
        const confirm = $("[data-confirm]", open);
        if (confirm && el.matches("input[type=radio]")) { event.preventDefault(); press(confirm); }
        return;
      }
      const field = el.closest?.("[data-field]");
      if (field && (el === field || el.matches("input[type=radio]"))) { if (edit(field)) event.preventDefault(); else if (el.matches("input[type=radio]")) event.preventDefault(); return; }
      if (el !== document.body && !el.matches("h1, section, aside, main")) return;
      const start = $('[data-key="Enter"]');
      if (start) { event.preventDefault(); press(start); }
      return;
    }
    if (!lettersOn()) return;
    if (/^[1-9]$/.test(key)) { if (choose(Number(key))) event.preventDefault(); return; }
    if (open && "aesz".includes(key)) return;
    if (key === "j" || key === "k") { event.preventDefault(); step(key === "j" ? 1 : -1); return; }
    const target = $$(`[data-key="${CSS.escape(key)}"]`).find(visible);
    if (!target) return;
    event.preventDefault();
    if (target.matches("input")) { target.focus(); return; }
    press(target);
  });
})();
