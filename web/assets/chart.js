// Records a minute of every source, over the last day. The table below has the figures, without a script.
"use strict";
(async () => {
  const place = document.querySelector("[data-rates]");
  if (!place) return;
  const answer = await fetch(place.dataset.rates, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { minute, sources } = await answer.json();
  const length = Math.max(0, ...sources.map((source) => source.minutes.length));
  if (length < 2) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const end = Date.parse(minute) / 1000;
  const times = Array.from({ length }, (_, at) => end - (length - 1 - at) * 60);
  const padded = sources.map(({ minutes }) => [...Array(length - minutes.length).fill(null), ...minutes]);
  // Told apart by colour and by dashes: not everybody sees colours.
  const hues = ["#3b82c4", "#d97706", "#3f9b52", "#a855c7", "#c8433a", "#0d9488"];
  const dashes = [[], [6, 3], [2, 3]];
  // Asked each time it is drawn: it may have become dark meanwhile.
  const [words, lines] = ["--faint", "--line"].map((name) => () => colour(name));
  const axis = { stroke: words, grid: { stroke: lines, width: 1 }, ticks: { stroke: lines } };
  place.hidden = false;
  const clock = (at) => new Date(at * 1000).toISOString().slice(11, 16);
  const size = () => ({ width: place.clientWidth - 16, height: 240 });
  const options = {
    ...size(),
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
    series: [
      { label: "UTC", value: (_, at) => (at == null ? "–" : clock(at)) },
      ...sources.map(({ name }, at) => ({
        label: name, stroke: hues[at % hues.length], width: 2, dash: dashes[Math.floor(at / hues.length) % dashes.length],
      })),
    ],
    axes: [{ ...axis, values: (_, all) => all.map(clock) }, { ...axis, label: "records a minute", size: 64 }],
    scales: {
      // An hour at least: a watch that has just begun is not stretched.
      x: { range: (_, first, last) => [Math.min(first, last - 3600), last] },
       y: { range: (_, __, most) => [0, Math.max(1, most * 1.05)] },
    },
  };
  const chart = new uPlot(options, [times, ...padded], place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw(false, true));
  addEventListener("resize", () => chart.setSize(size()));
})();
