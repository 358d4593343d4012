// Shows what the kiosk says and tells it what was touched. Decides nothing.
"use strict";

const at = (id) => document.getElementById(id);
const root = document.documentElement;
const LOST_AFTER = 3000; // ms without the kiosk before the page says so
const SILENT_FOR = 25000; // ms; the kiosk says something every 10 s
const DOUBLE_TOUCH = 500; // ms

let shown = null;
let lastTouch = -DOUBLE_TOUCH;

// --- showing ----------------------------------------------------------------------------------

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = together(text);
  if (className) made.className = className;
  return made;
}

// Dates, times and telephone numbers stay on one line.
function together(text) {
  return text.replace(/ (?=\d)|(?<=\d\.?) /g, "\u00a0");
}

function icon(svg, name) {
  svg.firstElementChild.setAttribute("href", "#icon-" + name);
  svg.dataset.name = name;
}

function render(view) {
  const isSameScreen = shown !== null && shown.key === view.key;
  root.lang = view.language;
  root.dataset.tone = view.tone;
  root.dataset.screen = view.key.split(" ")[0];
  at("home").textContent = view.home;
  at("headline").textContent = view.title;
  at("page").textContent = [view.reader, view.page].filter(Boolean).join(" · ");
  at("clock").textContent = view.clock;
  at("date").textContent = view.date;
  at("title").textContent = together(view.title);
  icon(at("icon"), view.icon);
  at("lines").replaceChildren(...view.lines.map((line) => element("p", line)));
  at("before").replaceChildren(...view.before.map((line) => element("p", line)));
  at("signs").replaceChildren(...view.signs.map((sign) => element("span", sign)));
  at("emergency").textContent = view.emergency;
  at("numbers").replaceChildren(...view.numbers.map(number));
  at("lost").lastElementChild.textContent = view.wait;
  notice(view.notice);
  if (!isSameScreen || !sameButtons(shown, view)) {
    at("buttons").replaceChildren(...view.buttons.map((button) => makeButton(button, view.key)));
  }
  shown = view;
  fit();
}

function number({ number, what }) {
  const made = element("span", what, "number");
  made.prepend(element("b", number));
  return made;
}

function notice(said) {
  const bar = at("notice");
  bar.hidden = !said;
  if (!said) return;
  bar.dataset.tone = said.tone;
  icon(bar.firstElementChild, said.icon);
  bar.lastElementChild.textContent = said.text;
}

// Long words and long texts get smaller until they fit; nothing is ever cut off or scrolled.
function fit() {
  delete root.dataset.wrap;
  shrink("--fit", at("words"), 0.5);
  shrink("--head", at("headline"), 0.5);
  if (!at("notice").hidden) shrink("--line", at("notice").lastElementChild, 0.5);
}

function shrink(name, box, least) {
  let size = 1;
  root.style.setProperty(name, size);
  while (size > least && (box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1)) {
    size -= 0.03;
    root.style.setProperty(name, size.toFixed(2));
  }
  if (size <= least) root.dataset.wrap = "";
}

// --- touching ---------------------------------------------------------------------------------

const sameButtons = (one, other) => JSON.stringify(one.buttons) === JSON.stringify(other.buttons);

function makeButton(button, key) {
  const made = element("button", button.label, button.is_main ? "main" : "");
  const isAbove = (event) => {
    const below = document.elementFromPoint(event.clientX, event.clientY);
    return below !== null && below.closest("button") === made;
  };
  made.type = "button";
  // Acts on release, if the finger is still on the button: a hand that trembles may slide about.
  made.addEventListener("pointerdown", () => made.classList.add("pressed"));
  made.addEventListener("pointercancel", () => made.classList.remove("pressed"));
  made.addEventListener("pointerup", (event) => {
    made.classList.remove("pressed");
    if (isAbove(event)) touch(button.touch, key);
  });
  made.addEventListener("click", (event) => {
    if (event.detail === 0) touch(button.touch, key); // from a keyboard or a switch
  });
  return made;
}

function touch(name, key) {
  const now = performance.now();
  if (now - lastTouch < DOUBLE_TOUCH) return;
  lastTouch = now;
  fetch("/touch", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ touch: name, key }),
  }).catch(() => lost.soon()); // the next touch tries again
}

for (const name of ["contextmenu", "dragstart", "selectstart", "gesturestart"]) {
  document.addEventListener(name, (event) => event.preventDefault());
}
document.addEventListener("wheel", (event) => event.preventDefault(), { passive: false });

// --- listening --------------------------------------------------------------------------------

const lost = {
  timer: null,
  soon() {
    this.timer ??= setTimeout(() => { at("lost").hidden = false; }, LOST_AFTER);
  },
  not() {
    clearTimeout(this.timer);
    this.timer = null;
    at("lost").hidden = true;
  },
};

function listen() {
  const source = new EventSource("/events");
  let silence;
  const again = () => {
    clearTimeout(silence);
    source.close();
    lost.soon();
    setTimeout(listen, 1000);
  };
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(again, SILENT_FOR);
  };
  source.onopen = heard;
  source.addEventListener("still-here", heard);
  source.onmessage = (event) => {
    heard();
    lost.not();
    render(JSON.parse(event.data));
  };
  source.onerror = again;
}

lost.soon();
listen();
document.fonts.addEventListener("loadingdone", () => shown && fit());
addEventListener("resize", () => shown && fit());
