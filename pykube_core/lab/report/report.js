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

for (const map of document.querySelectorAll(".map")) {
  if (!map.dataset.levels) continue;
  const levels = Uint8Array.from(atob(map.dataset.levels), (c) => c.charCodeAt(0));
  map.addEventListener("pointermove", (event) => {
    const box = map.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * map.naturalWidth);
    const row = Math.floor((event.clientY - box.top) / box.height * map.naturalHeight);
    const node = row * map.naturalWidth + column;
    if (node < 0 || node >= levels.length) return hide();
    show(event, data.nodes[data.maps[map.dataset.map][node]] + "\n" + levels[node] + " % requested");
  });
  map.addEventListener("pointerleave", hide);
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
