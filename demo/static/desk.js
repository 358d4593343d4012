"use strict";

const HOLD_MS = 900;
const kioskFrame = document.querySelector(".screen iframe");
const reader = document.querySelector("[data-reader]");
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

let lifting = null;
async function hold(button) {
  clearTimeout(lifting);
  document.querySelectorAll(".card.held").forEach((other) => other.classList.remove("held"));
  button.classList.add("held");
  reader.classList.add("held");
  reader.textContent = button.querySelector("strong").textContent;
  await post("/hold", { card: button.dataset.card });
  lifting = setTimeout(async () => {
    button.classList.remove("held");
    reader.classList.remove("held");
    reader.textContent = "Reader";
    await post("/lift", {});
  }, HOLD_MS);
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
  document.querySelector(".dark").hidden = state.ready;
  document.querySelector(".dark").textContent = state.power ? "Starting…" : "No power";
  if (state.ready && !wasOn) kioskFrame.src = kioskFrame.dataset.src;
  wasOn = state.ready;
}

for (const button of document.querySelectorAll("[data-card]")) {
  button.addEventListener("click", () => hold(button));
}
for (const [name, input] of Object.entries(switches)) {
  input.addEventListener("change", () => post(`/${name}`, { on: input.checked }));
}
new ResizeObserver(fitScreen).observe(document.querySelector(".screen"));

const stream = new EventSource("/events");
stream.onmessage = (event) => {
  document.querySelector(".lost").hidden = true;
  showState(JSON.parse(event.data));
};
stream.onerror = () => { document.querySelector(".lost").hidden = false; };
