// The state machine as SVG; a run lights it up.
const NS = "http://www.w3.org/2000/svg";
const WIDTH = 168, HEIGHT = 28, GAP_X = 14, GAP_Y = 16;
const make = (name, attributes) => {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
export function drawGraph(place, { nodes, edges, layers }) {
  const at = (node) => ({ x: 4 + node.column * (WIDTH + GAP_X), y: 4 + node.layer * (HEIGHT + GAP_Y) });
  const columns = 1 + Math.max(0, ...nodes.map((node) => node.column));
  const width = 8 + columns * (WIDTH + GAP_X), height = 8 + layers * (HEIGHT + GAP_Y);
  const svg = make("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Pipeline: ${nodes.map((n) => n.name).join(", ")}` });
  const byName = Object.fromEntries(nodes.map((node) => [node.name, node]));
  for (const edge of edges) {
    const from = at(byName[edge.from]), to = at(byName[edge.to]);
    if (to.y <= from.y) continue; // back again: a loop of the definition
    const x1 = from.x + WIDTH / 2, y1 = from.y + HEIGHT, x2 = to.x + WIDTH / 2, y2 = to.y, middle = (y1 + y2) / 2;
    svg.append(make("path", { class: "edge", "data-from": edge.from, "data-to": edge.to, d: `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}` }));
  }
  for (const node of nodes) {
    const { x, y } = at(node);
    const round = node.kind === "Succeed" || node.kind === "Fail" ? HEIGHT / 2 : 5;
    const group = make("g", {});
    const title = make("title", {});
    title.textContent = node.comment || node.name;
    const text = make("text", { x: x + WIDTH / 2, y: y + 18, "text-anchor": "middle" });
    text.textContent = node.name;
    group.append(title, make("rect", { class: "node", "data-state": node.name, x, y, rx: round, width: WIDTH, height: HEIGHT }), text);
    svg.append(group);
  }
  place.replaceChildren(svg);
  if (place.pending) lightUp(place, place.pending);
}
export function lightUp(place, states) {
  place.pending = states;
  const seen = {};
  for (const visit of states) seen[visit.state] = visit.failed ? "failed" : visit.seconds === null ? "running" : "done";
  for (const node of place.querySelectorAll(".node")) node.setAttribute("class", `node ${seen[node.dataset.state] ?? ""}`);
  for (const edge of place.querySelectorAll(".edge")) edge.classList.toggle("taken", edge.dataset.from in seen && edge.dataset.to in seen);
}
