/* Keeps an on-site board true. The server sends the list whenever it changes and a sign of life
   every 15 s. When nothing has been heard for 40 s the page says since when, in words, and greys
   the list: an old list must never look like a fresh one. Where no stream can be had (the server
   limits them) the list is fetched every 15 s instead, and streaming is tried again later. */
"use strict";
(() => {
  const SILENCE_MS = 40_000;
  const POLL_MS = 15_000;
  const REFUSED_AGAIN_MS = 120_000;
  const SILENT_AGAIN_MS = 20_000;

  const board = document.querySelector("[data-board]");
  const list = board.querySelector("[data-board-list]");
  const live = board.querySelector("[data-board-live]");
  const lost = board.querySelector("[data-board-lost]");
  const words = board.dataset;
  const language = document.documentElement.lang;
  const clock = new Intl.DateTimeFormat("nb", { timeStyle: "short", timeZone: words.zone });
  const ages = new Intl.RelativeTimeFormat(language, { numeric: "auto" });

  let source = null;
  let heard = Date.now(); // this machine's time when we last heard the server
  let ahead = Date.parse(words.now) - heard; // the server's clock less this machine's
  let polled = 0;
  let streamTried = 0;
  let isBroken = false;

  function hear(serverTime) {
    heard = Date.now();
    ahead = Date.parse(serverTime) - heard;
    isBroken = false;
    show();
  }

  function replace(html) {
    list.innerHTML = html;
    hear(list.querySelector("[data-board-now]").dataset.boardNow);
  }

  function age(moment) {
    const seconds = Math.min(0, Math.round((moment - Date.now() - ahead) / 1000));
    if (seconds > -60) return ages.format(Math.ceil(seconds / 10) * 10, "second");
    if (seconds > -3600) return ages.format(Math.trunc(seconds / 60), "minute");
    if (seconds > -86400) return ages.format(Math.trunc(seconds / 3600), "hour");
    return ages.format(Math.trunc(seconds / 86400), "day");
  }

  function show() {
    const isOld = isBroken || Date.now() - heard > SILENCE_MS;
    board.classList.toggle("is-old", isOld);
    live.hidden = isOld;
    const time = clock.format(heard + ahead);
    live.textContent = words.liveWords.replace("{time}", time);
    const warning = isOld ? words.lostWords.replace("{time}", time) : "";
    if (lost.textContent !== warning) lost.textContent = warning; // said once to screen readers
    lost.hidden = !isOld;
    for (const element of list.querySelectorAll("[data-age]")) {
      element.textContent = age(Date.parse(element.dataset.age));
    }
  }

  function stream() {
    streamTried = Date.now();
    source?.close();
    source = new EventSource(words.events);
    source.addEventListener("board", (event) => replace(event.data));
    source.addEventListener("alive", (event) => hear(event.data));
    source.addEventListener("error", () => {
      isBroken = true; // until the next word; the browser tries again by itself unless refused
      show();
    });
  }

  async function poll() {
    polled = Date.now();
    try {
      const answer = await fetch(words.list, { cache: "no-store", signal: AbortSignal.timeout(10_000) });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      replace(await answer.text());
    } catch (error) {
      isBroken = true;
      show();
      console.warn("the list could not be fetched:", error.message);
    }
  }

  function tick() {
    const now = Date.now();
    const isRefused = source.readyState === EventSource.CLOSED;
    const isSilent = now - heard > SILENCE_MS;
    const again = isRefused ? REFUSED_AGAIN_MS : SILENT_AGAIN_MS;
    if ((isRefused || isSilent) && now - streamTried > again) stream();
    if ((isRefused || isSilent) && now - polled > POLL_MS) poll();
    show();
  }

  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload(); // an old page out of the browser's memory
  });
  addEventListener("pagehide", () => source.close());
  stream();
  show();
  setInterval(tick, 1000);
})();
