// What is asked for when it is looked at: the monitor's heat map, and the bill before it comes.
import { element, put } from "/static/words.js";

const SHADES = 4, FULL = 0.4; // the darkest shade: so much of the rows moved
const pair = (label, text, kind) => [element("dt", label), element("dd", text, kind)];
const head = (texts) => {
  const row = element("tr");
  row.append(...texts.map((text) => Object.assign(element("th", text), { scope: "col" })));
  const made = element("thead");
  made.append(row);
  return made;
};

export function drawApprovals(found, act) {
  if (!found.asks) return [element("p", "This stage asks nobody before it deploys. To be asked: approval = \"required\" under [deployment.STAGE] of pipeline.toml.", "quiet")];
  if (!found.waiting.length) return [element("p", "No model waits for anybody.", "quiet")];
  return found.waiting.map((one) => {
    const item = element("article", "", "pending");
    const yes = `${one.words} It waits in run ${one.run}. It is compared again if another model has become champion meanwhile; then it takes over by the usual deployment, under alarms. If an alarm fires, the traffic goes back.`;
    const no = `${one.words} Run ${one.run} ends, version ${one.version} leaves the registry as Rejected, and what serves stays.`;
    const buttons = element("p");
    buttons.append(act(`Approve ${one.version}`, "/api/approve", one, yes), " ", act(`Reject ${one.version}`, "/api/reject", one, no));
    item.append(element("p", one.words), element("p", `asked ${new Date(one.asked_at).toLocaleString()}, run ${one.run}`, "quiet"), buttons);
    return item;
  });
}

export function drawDrift(place, found) {
  if (!found.watched) return put(place, [element("p", "This stage has no monitor. Name it in pipeline.toml, [monitoring] stages, and deploy it again.", "quiet")]);
  if (!found.newest) return put(place, [element("p", "The monitor has reported nothing yet: it looks at hours that are over.", "quiet")]);
  const { newest, windows, columns } = found;
  const { quality, retraining } = newest;
  const facts = element("dl", "", "facts");
  const figure = (value) => Number(value).toLocaleString(undefined, { maximumSignificantDigits: 5 });
  const judged = quality.value === null ? "" : `${quality.metric} ${figure(quality.value)}, promised ${quality.promised === null ? "nothing" : figure(quality.promised)}. `;
  facts.append(
    ...pair("window", `${newest.first_hour} to ${newest.hour} UTC, ${newest.rows.toLocaleString()} rows`),
    ...pair("drift", `${newest.status}: ${newest.reason}`, newest.status === "DRIFT" ? "bad" : newest.status === "NO_DRIFT" ? "good" : ""),
    ...pair("quality", `${quality.status}: ${judged}${quality.reason}`, quality.status === "DECAYED" ? "bad" : quality.status === "AS_PROMISED" ? "good" : ""),
    ...pair("retraining", `${retraining.is_due ? "due" : "not due"}: ${retraining.reason ?? ""}`),
  );
  const table = element("table", "", "heat");
  table.append(head(["column", ...windows.map((one) => one.hour.slice(5).replace("T", " ")), "PSI", "now"]));
  const body = element("tbody");
  for (const column of columns) {
    const row = element("tr");
    row.append(Object.assign(element("th", column.name), { scope: "row" }));
    column.shares.forEach((share, index) => {
      const shade = Math.min(SHADES, Math.round((Math.max(0, share ?? 0) / FULL) * SHADES));
      row.append(element("td", share === null ? "–" : `${Math.round(100 * share)}${column.drifts[index] ? "!" : ""}`, `shade-${shade}`));
    });
    row.append(element("td", column.psi === null ? "–" : column.psi.toFixed(3)), element("td", column.drifted ? "drifted" : "as before", column.drifted ? "bad" : ""));
    body.append(row);
  }
  table.append(body);
  put(place, [facts, element("h3", "Per cent of the rows that moved, window by window; ! where that is more than chance"), table]);
}

export function drawCost(place, found) {
  const parts = [element("p", `A month with ${found.retrainings} retrainings and ${found.million_requests} million requests: ${found.month} expected${found.ceiling ? `; ${found.ceiling} allowed by [budget]` : ""}.`, "figure")];
  for (const group of found.groups) {
    parts.push(element("h3", `${group.name}: ${group.expected} (${group.range})`));
    const table = element("table", "", "bill");
    table.append(head(["item", "expected", "beside the largest", "range", "assumption"]));
    const body = element("tbody");
    for (const item of group.items) {
      const row = element("tr");
      const bar = element("td", "", "bar");
      const fill = element("span");
      fill.style.width = `${Math.round(100 * item.share)}%`;
      bar.append(fill);
      const assumption = element("td", item.assumption, "quiet");
      if (item.lower_by) assumption.append(element("div", `less by ${item.lower_by}`));
      row.append(Object.assign(element("th", item.item), { scope: "row" }), element("td", item.expected), bar, element("td", item.range), assumption);
      body.append(row);
    }
    table.append(body);
    parts.push(table);
  }
  parts.push(element("p", "Prices are list prices of us-east-1; docs/cost.md has their sources.", "quiet"));
  put(place, parts);
}
