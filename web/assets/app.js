// Keys, and the banner that says what is new. Every page works without it.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")];
  const keys = document.getElementById("keys");
  let here = -1;
  let waitsForLetter = false;

  const mark = (at) => {
    document.querySelector("[data-rows] tr.here")?.classList.remove("here");
    here = at;
    rows()[at]?.classList.add("here");
  };
  const show = (at) => {
    const all = rows();
    if (all.length === 0) return;
    mark(Math.max(0, Math.min(all.length - 1, at)));
    all[here].querySelector("a").focus({ preventScroll: true });
    all[here].scrollIntoView({ block: "nearest" });
  };
  // What the focus is on is where we are, however it got there.
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-rows] tbody tr");
    if (row) mark(rows().indexOf(row));
  });

  const press = (key) => {
    const target = document.querySelector(`[data-key="${key}"]`);
    if (!target) return false;
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.querySelector("input:not([type=radio])")?.focus();
      return true;
    }
    const form = target.form;
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    if (boxes.length > 0 && !boxes.some((box) => box.checked)) {
      if (here < 0) return false;
      rows()[here].querySelector("input[type=checkbox]").checked = true;
    }
    target.click();
    return true;
  };

  const suppress = () => {
    if (press("s")) return true;
    if (here < 0) return false;
    location.href = `${rows()[here].dataset.href}#suppress`;
    return true;
  };

  const go = (letter) => {
    const way = document.querySelector(`[data-go="${letter}"]`);
    if (!way) return false;
    way.click();
    return true;
  };

  const act = (key) => {
    switch (key) {
      case "j": show(here + 1); return true;
      case "k": show(here - 1); return true;
      case "x": {
        const box = rows()[here]?.querySelector("input[type=checkbox]");
        if (box) box.checked = !box.checked;
        return Boolean(box);
      }
      case "Enter":
        if (here < 0 || document.activeElement?.matches("button, a, input, select, summary")) return false;
        location.href = rows()[here].dataset.href;
        return true;
      case "a": case "e": case "f": return press(key);
      case "s": return suppress();
      case "/": {
        const search = document.querySelector("[data-search]");
        search?.focus();
        return Boolean(search);
      }
      case "?": keys.showModal(); return true;
      case "g": waitsForLetter = true; return true;
      default: return false;
    }
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || keys.open) return;
    const typing = event.target.matches?.("input:not([type=checkbox]):not([type=radio]), select, textarea");
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (waitsForLetter) {
      waitsForLetter = false;
      if (go(event.key)) event.preventDefault();
      return;
    }
    if (act(event.key)) event.preventDefault();
  });

  if (location.hash === "#suppress") press("s");

  // New ones are told at once; the list changes only when somebody asks for it.
  let source;
  const listen = () => {
    source?.close();
    source = undefined;
    const banner = document.getElementById("newer");
    if (!banner || new URLSearchParams(location.search).get("after") !== null) return;
    source = new EventSource(`/inbox/events?seq=${banner.dataset.seq}`);
    source.addEventListener("newer", (event) => {
      const count = Number(event.data);
      banner.hidden = count === 0;
      banner.querySelector("a").textContent =
        count === 1 ? "1 new detection: show it" : `${count} new detections: show them`;
    });
  };
  listen();
  addEventListener("pagehide", () => source?.close());

  // A part of the page has come: the place in the list stays, and so does the keyboard.
  document.addEventListener("htmx:after:swap", () => {
    if (here >= 0) show(here);
    listen();
  });

  // A question can take a while: how long it has been, and a way to end it.
  let ticking;
  document.addEventListener("htmx:before:request", () => {
    const began = Date.now();
    clearInterval(ticking);
    ticking = setInterval(() => {
      const place = document.querySelector("[data-seconds]");
      if (place) place.textContent = ` for ${Math.round((Date.now() - began) / 1000)} s`;
    }, 1000);
  });
  document.addEventListener("htmx:finally:request", () => clearInterval(ticking));
  document.addEventListener("click", (event) => {
    const form = event.target.closest?.("[data-cancel]")?.closest("form");
    form?.dispatchEvent(new Event("htmx:abort"));
  });
})();
