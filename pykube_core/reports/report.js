"use strict";
// Shows values under the pointer and lifts one policy out of the crowd. The page says all it has
// to say without this script.
const data = JSON.parse(document.getElementById("data").textContent);
const tip = document.getElementById("tip");

function show(event, text) {
  tip.textContent = text;
  tip.hidden = false;
  const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
  const y = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8);
  tip.style.left = Math.max(8, x) + "px";
  tip.style.top = Math.max(8, y) + "px";
}

function hide() {
  tip.hidden = true;
  for (const line of document.querySelectorAll(".cross")) line.remove();
}

for (const figure of document.querySelectorAll("[data-chart]")) {
  const chart = data.charts[figure.dataset.chart];
  const svg = figure.querySelector("svg");
  const [left, right, top, bottom] = chart.box;
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width * svg.viewBox.baseVal.width - left) / (right - left);
    let near = 0;
    chart.x.forEach((x, i) => { if (Math.abs(x - at) < Math.abs(chart.x[near] - at)) near = i; });
    hide();
    const cross = document.createElementNS("http://www.w3.org/2000/svg", "path");
    cross.setAttribute("class", "cross");
    cross.setAttribute("d", `M${left + chart.x[near] * (right - left)} ${top}V${bottom}`);
    svg.append(cross);
    const rows = Object.entries(chart.lines)
      .map(([name, line]) => [line[near], name])
      .sort((a, b) => b[0] - a[0])
      .map(([value, name]) =>
        (chart.share ? (100 * value).toFixed(1) + " %" : value.toLocaleString("en")).padStart(8) + "  " + name);
    show(event, [chart.at[near], ...rows].join("\n"));
  });
  svg.addEventListener("pointerleave", hide);
}

const maps = [...document.querySelectorAll(".map")].filter((map) => map.dataset.levels);

function levelsOf(map) {
  return Uint8Array.from(atob(map.dataset.levels), (c) => c.charCodeAt(0));
}

for (const map of maps) {
  const levels = levelsOf(map);
  const point = (event) => {
    const box = map.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * map.naturalWidth);
    const row = Math.floor((event.clientY - box.top) / box.height * map.naturalHeight);
    const node = row * map.naturalWidth + column;
    if (node < 0 || node >= levels.length) return hide();
    show(event, data.nodes[data.maps[map.dataset.map][node]] + "\n" + levels[node] + " % requested");
  };
  map.addEventListener("pointermove", point);
  map.addEventListener("pointerdown", point);
  map.addEventListener("pointerleave", hide);
}

// The table of names is made when it is asked for: thousands of nodes would double the page.
const ROWS = 200;
const names = document.getElementById("names");

function cell(kind, text, scope) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (scope) made.scope = scope;
  return made;
}

function list() {
  const resource = names.querySelector("select").value;
  const part = names.querySelector("input").value.trim().toLowerCase();
  const shown = maps.filter((map) => map.dataset.map === resource);
  const columns = shown.map(levelsOf);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  head.append(cell("th", "node", "col"), ...shown.map((map) => cell("th", map.dataset.policy, "col")));
  const order = data.maps[resource].map((node, place) => [data.nodes[node], place])
    .filter(([name]) => name.toLowerCase().includes(part))
    .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  const body = table.createTBody();
  for (const [name, place] of order.slice(0, ROWS)) {
    const row = body.insertRow();
    row.append(cell("th", name, "row"), ...columns.map((levels) => cell("td", levels[place] + " %")));
  }
  names.querySelector(".scroll").replaceChildren(table);
  names.querySelector(".note").textContent = order.length > ROWS
    ? `${ROWS} of ${order.length.toLocaleString("en")} nodes; part of a name finds others` : "";
}

if (names) {
  names.addEventListener("toggle", () => { if (names.open) list(); });
  names.addEventListener("input", list);
}

for (const item of document.querySelectorAll(".legend li")) {
  const lift = () => {
    document.body.dataset.focus = "";
    for (const line of document.querySelectorAll(".charts .line"))
      line.classList.toggle("on", line.dataset.policy === item.dataset.policy);
  };
  const drop = () => { delete document.body.dataset.focus; };
  item.addEventListener("pointerenter", lift);
  item.addEventListener("pointerleave", drop);
  item.addEventListener("focus", lift);
  item.addEventListener("blur", drop);
}
