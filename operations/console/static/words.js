// Text is always set as text: nothing from the cloud is ever read as markup.
export function element(name, text = "", kind = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}
export const put = (place, children) => place.replaceChildren(...children);
export function tell(place, text) { if (place.textContent !== text) place.textContent = text; }
export function since(text) {
  return new Date(text).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
export function took(run) {
  const seconds = (new Date(run.ended_at ?? Date.now()) - new Date(run.started_at)) / 1000;
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds / 60)} min`;
}
