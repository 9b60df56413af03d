// Requests second by second: the difference of one snapshot's totals to the next one's, by fleet.
const NS = "http://www.w3.org/2000/svg";
const KEPT = 90, WIDTH = 540, HEIGHT = 96;
const history = [];
let before = null;
export function drawTraffic(place, { endpoint, totals }) {
  const now = Object.fromEntries(totals.map((t) => [t.config_name, t]));
  if (before) {
    const more = (config, what) => Math.max(0, (now[config]?.[what] ?? 0) - (before[config]?.[what] ?? now[config]?.[what] ?? 0));
    const blue = endpoint.config_name, green = endpoint.pending_config_name;
    history.push({ blue: more(blue, "requests"), green: green ? more(green, "requests") : 0, failed: more(blue, "failed") + (green ? more(green, "failed") : 0) });
    if (history.length > KEPT) history.shift();
  }
  before = now;
  const highest = Math.max(1, ...history.map((second) => second.blue + second.green));
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("role", "img");
  const last = history.at(-1) ?? { blue: 0, green: 0, failed: 0 };
  const said = `${last.blue + last.green} requests in the last second, ${last.green} on the new model, ${last.failed} failed`;
  svg.setAttribute("aria-label", said);
  history.forEach((second, index) => {
    let y = HEIGHT;
    for (const [kind, count] of [["fail", second.failed], ["green", Math.max(0, second.green - second.failed)], ["blue", second.blue]]) {
      const height = (HEIGHT * count) / highest;
      const bar = document.createElementNS(NS, "rect");
      y -= height;
      for (const [key, value] of Object.entries({ class: kind, x: index * (WIDTH / KEPT), y, width: WIDTH / KEPT - 1, height })) bar.setAttribute(key, value);
      svg.append(bar);
    }
  });
  const line = document.createElement("p");
  line.className = "quiet";
  line.textContent = endpoint.status === "Missing" ? "There is no endpoint yet, so nothing can be asked." : said;
  place.replaceChildren(svg, line);
}
