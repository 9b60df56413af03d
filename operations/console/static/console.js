// The page: what is live comes as server-sent events, what is asked for by fetch. No library, no build.
import { drawGraph, lightUp } from "/static/graph.js";
import { drawTraffic } from "/static/traffic.js";
import { drawApprovals, drawCost, drawDrift } from "/static/views.js";
import { element, since, took, put, tell } from "/static/words.js";

const byId = (id) => document.getElementById(id);
const token = document.querySelector("meta[name=token]").content;
// What a promotion rests on, in words.
const PROOFS = { exempt: "exempt: the first model, or one that was gone back to", proven: "proven by the requests that it answered", unproven: "unproven: it answered too few requests" };
const DRIFT_EVERY_MS = 30_000;
const APPROVALS_EVERY_MS = 5_000;
let offset = 0;
let serving = "";
let selected = "";

export async function ask(path, change) {
  const options = change
    ? { method: "POST", headers: { "x-greenlight-token": token, "content-type": "application/json" }, body: JSON.stringify(change) }
    : {};
  const answer = await fetch(path, options);
  const found = await answer.json();
  if (!answer.ok) throw new Error(`${found.error} ${found.way_on ?? ""}`.trim());
  return found;
}

function problem(text) {
  byId("problem").hidden = !text;
  if (byId("problem").textContent !== text) byId("problem").textContent = text;
}

function show(found) {
  if (found.error) return problem(`${found.error} ${found.way_on}`);
  problem("");
  tell(byId("stage"), `${found.stage} in ${found.place}`);
  const { endpoint, champion, alarms, queues, run } = found;
  const firing = alarms.filter((alarm) => alarm.state === "ALARM");
  const fleet = endpoint.variants.map((v) => `${v.instances} × ${v.instance_type}`).join(", ");
  const facts = [
    ["serves", champion ? `version ${champion.version}, ${champion.name}` : endpoint.config_name || "nothing yet", champion ? "good" : ""],
    ["since", champion?.promoted_at ? `${since(champion.promoted_at)}${champion.proof ? `, ${PROOFS[champion.proof] ?? champion.proof}` : ""}` : "–"],
    ["endpoint", `${endpoint.status}${endpoint.pending_config_name ? `: ${endpoint.pending_config_name} is taking over` : ""}${fleet ? `, ${fleet}` : ""}`, endpoint.pending_config_name ? "busy" : ""],
    ["alarms", firing.length ? firing.map((a) => `${a.short_name} fires: ${a.reason}`).join("; ") : `none of ${alarms.length} fires`, firing.length ? "bad" : ""],
    ["waiting", `${queues.uploads_waiting || "no"} uploads, ${queues.dead_letters || "no"} dead letters`, queues.dead_letters ? "bad" : ""],
  ];
  put(byId("facts"), facts.flatMap(([label, text, kind]) => [element("dt", label), element("dd", text, kind)]));
  drawTraffic(byId("traffic"), found);
  if (!selected && run) {
    lightUp(byId("graph"), run.states);
    tell(byId("run-line"), `${run.upload}: ${run.outcome === "RUNNING" ? run.reason : `${run.outcome}, ${run.meaning}`}`);
  }
  if (run && run.name + run.outcome !== show.seen) {
    show.seen = run.name + run.outcome;
    listRuns(true);
    listModels();
  }
  serving = endpoint.config_name;
}

async function listRuns(anew) {
  const from = anew ? 0 : offset;
  const found = await ask(`/api/runs?offset=${from}&text=${encodeURIComponent(byId("filter").value)}`);
  const rows = found.runs.map((run) => {
    const open = element("button", run.upload.replace("incoming/", ""), "link");
    open.title = run.name;
    open.addEventListener("click", () => openRun(run.name));
    const kind = run.is_running ? "busy" : run.is_good ? "good" : run.is_good === false ? "bad" : "";
    const row = element("tr");
    row.append(element("td", since(run.started_at)), cell(open), element("td", run.outcome, kind), element("td", took(run)));
    return row;
  });
  const empty = element("tr");
  empty.append(Object.assign(element("td", "No runs. Upload a CSV: greenlight upload path/to/your.csv"), { colSpan: 4 }));
  if (anew) put(byId("run-rows"), rows.length ? rows : [empty]);
  else byId("run-rows").append(...rows);
  offset = from + rows.length;
  byId("older").hidden = offset >= found.total;
  tell(byId("run-count"), `${offset.toLocaleString()} of ${found.total.toLocaleString()}${found.is_cut ? " newest" : ""} shown`);
}

const cell = (child) => { const made = element("td"); made.append(child); return made; };

async function openRun(name) {
  selected = name;
  byId("detail").hidden = false;
  tell(byId("detail-title"), `Run ${name}`);
  put(byId("detail-body"), [element("p", "loading")]);
  const run = await ask(`/api/runs/${encodeURIComponent(name)}`);
  lightUp(byId("graph"), run.states);
  tell(byId("run-line"), `${run.upload}: ${run.outcome}, ${run.meaning}`);
  const steps = run.lineage.map((step) => {
    const item = element("li", "", step.state);
    item.append(element("strong", step.kind), element("div", `${step.name} (${step.state})`));
    for (const [label, text] of Object.entries(step.facts)) if (text) item.append(element("div", `${label}: ${text}`, "quiet"));
    return item;
  });
  const lineage = element("ol", "", "lineage");
  lineage.append(...steps);
  const parts = [element("p", `${run.meaning}. ${run.reason}`)];
  if (run.way_on) parts.push(element("p", `Next: ${run.way_on}`));
  parts.push(element("h3", "From the upload to the endpoint"), lineage);
  const checks = run.verdict.checks ?? [];
  if (checks.length) {
    const list = element("ul");
    list.append(...checks.map((check) => element("li", `${check.passed ? "✓" : "✗"} ${check.name}: ${check.explanation}`, check.passed ? "" : "bad")));
    parts.push(element("h3", "The gate's checks"), list);
  }
  if (run.has_report) {
    const frame = Object.assign(document.createElement("iframe"), { src: `/report/${encodeURIComponent(name)}`, title: `Report of ${name}`, loading: "lazy" });
    frame.setAttribute("sandbox", "");
    parts.push(element("h3", "Report"), frame);
  }
  const back = element("button", "Close");
  back.addEventListener("click", () => { selected = ""; byId("detail").hidden = true; });
  put(byId("detail-body"), [...parts, back]);
  byId("detail-title").focus();
}

async function listModels() {
  const models = await ask("/api/models");
  const rows = models.map((model) => {
    const row = element("tr");
    const isChampion = model.name === serving;
    const change = element("td");
    if (!isChampion && model.status === "Approved") change.append(act(`Roll back to ${model.version}`, "/api/rollback", model, `Version ${model.version} is deployed again by the usual canary, under alarms. Once it has taken over, the newer model that serves now is rejected with your reason. If it fails its canary, nothing changes.`));
    if (model.status !== "Rejected") change.append(" ", act(`Reject ${model.version}`, "/api/reject", model, isChampion ? `Version ${model.version} serves now. It goes on serving until another model takes over, and the alarm EndpointAstray fires.` : `Version ${model.version} is no longer compared with, nor gone back to.`));
    row.append(element("td", isChampion ? `${model.version} serves` : String(model.version), isChampion ? "good" : ""), element("td", model.status, model.status === "Rejected" ? "bad" : ""), element("td", model.promoted_at ? since(model.promoted_at) : "never"), element("td", model.description.split(". ")[0]), change);
    return row;
  });
  const empty = element("tr");
  empty.append(Object.assign(element("td", "No models yet: the first upload that passes the gate makes one."), { colSpan: 5 }));
  put(byId("model-rows"), rows.length ? rows : [empty]);
}

async function listApprovals() {
  const found = await ask("/api/approvals");
  const told = JSON.stringify(found);
  if (told === listApprovals.told) return;
  listApprovals.told = told;
  put(byId("approval-body"), drawApprovals(found, act));
}

function act(label, path, model, text) {
  const button = element("button", label);
  button.addEventListener("click", () => {
    tell(byId("confirm-title"), `${label}?`);
    tell(byId("confirm-text"), text);
    byId("reason").value = "";
    const dialog = byId("confirm");
    dialog.returnValue = "no";
    dialog.onclose = async () => {
      if (dialog.returnValue !== "yes") return;
      try {
        await ask(path, { version: model.version, reason: byId("reason").value });
        await Promise.all([listModels(), listApprovals()]);
      } catch (error) { problem(error.message); }
    };
    dialog.showModal();
  });
  return button;
}

byId("older").addEventListener("click", () => listRuns(false).catch((error) => problem(error.message)));
let typing;
byId("filter").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => listRuns(true), 200); });
ask("/api/machine").then((graph) => drawGraph(byId("graph"), graph)).catch((error) => problem(error.message));
listRuns(true).catch((error) => problem(error.message));
listModels().catch((error) => problem(error.message));
const approvals = () => listApprovals().catch((error) => put(byId("approval-body"), [element("p", error.message, "bad")]));
approvals();
setInterval(() => { if (!document.hidden) approvals(); }, APPROVALS_EVERY_MS);
const drawn = (path, place, draw) => ask(path).then((found) => draw(place, found)).catch((error) => put(place, [element("p", error.message, "bad")]));
const drift = () => drawn("/api/drift", byId("drift-body"), drawDrift);
drift();
setInterval(() => { if (!document.hidden) drift(); }, DRIFT_EVERY_MS);
// The bill is asked for once somebody looks at it: it takes a synthesis.
new IntersectionObserver((seen, observer) => {
  if (!seen.some((one) => one.isIntersecting)) return;
  observer.disconnect();
  drawn("/api/cost", byId("cost-body"), drawCost);
}).observe(byId("cost"));
const live = new EventSource("/api/live");
live.onmessage = (event) => { tell(byId("connection"), "live"); show(JSON.parse(event.data)); };
live.onerror = () => tell(byId("connection"), "not connected: is the console still running?");
