"use strict";

// As long as somebody holds a card who waits for the answer; a busy machine takes a while to read.
const HOLD_MS = { hold: 1500, show: 2500 };
const kioskFrame = document.querySelector(".screen iframe");
const places = Object.fromEntries(
  [...document.querySelectorAll("[data-place]")].map((place) => [place.dataset.place, place]));
const names = Object.fromEntries(Object.entries(places).map(([key, place]) => [key, place.textContent]));
const switches = Object.fromEntries(
  [...document.querySelectorAll("[data-switch]")].map((input) => [input.dataset.switch, input]));

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
}

function fitScreen() {
  const screen = document.querySelector(".screen");
  screen.style.setProperty("--scale", screen.clientWidth / 800);
}

function putDown() {
  document.querySelectorAll(".held").forEach((held) => held.classList.remove("held"));
  for (const [key, place] of Object.entries(places)) place.textContent = names[key];
}

let handling = Promise.resolve();
// One after the other: a card that is lifted late must not take the next one with it.
function handle(path, body) {
  handling = handling.catch(() => {}).then(() => post(path, body));
  return handling;
}

let lifting = null;
let presentations = 0;
async function present(button) {
  const mine = ++presentations;
  clearTimeout(lifting);
  putDown();
  const card = button.closest("[data-card]");
  const place = places[button.dataset.to];
  card.querySelector(".card").classList.add("held");
  place.classList.add("held");
  place.textContent = card.querySelector("strong").textContent;
  await handle(`/${button.dataset.to}`, { card: card.dataset.card });
  if (mine !== presentations) return; // another card has come meanwhile, and is not to be lifted
  lifting = setTimeout(async () => {
    putDown();
    await handle("/lift", {});
  }, HOLD_MS[button.dataset.to]);
}

function showLamps(lamps) {
  for (const item of document.querySelectorAll("[data-lamp]")) {
    const value = lamps[item.dataset.lamp];
    item.classList.toggle("on", Boolean(value));
    if (item.dataset.lamp === "buzzer") {
      item.querySelector("span").textContent = value ? `${Math.round(value)} Hz` : "silent";
    }
  }
}

let wasOn = true;
function showState(state) {
  showLamps(state.lamps);
  switches.network.checked = state.network;
  switches.power.checked = state.power;
  switches.alarm.checked = state.alarm;
  document.querySelector(".dark").hidden = state.ready;
  document.querySelector(".dark").textContent = state.power ? "Starting…" : "No power";
  if (state.ready && !wasOn) kioskFrame.src = kioskFrame.dataset.src;
  wasOn = state.ready;
}

for (const button of document.querySelectorAll("[data-to]")) {
  button.addEventListener("click", () => present(button));
}
for (const [name, input] of Object.entries(switches)) {
  input.addEventListener("change", () => post(`/${name}`, { on: input.checked }));
}
for (const button of document.querySelectorAll("[data-press]")) {
  button.addEventListener("click", () => post("/press", { long: button.dataset.press === "long" }));
}
new ResizeObserver(fitScreen).observe(document.querySelector(".screen"));

const stream = new EventSource("/events");
stream.onmessage = (event) => {
  document.querySelector(".lost").hidden = true;
  showState(JSON.parse(event.data));
};
stream.onerror = () => { document.querySelector(".lost").hidden = false; };
