"use strict";
// Draws the findings that stand as data in this page. Texts go in as text, never as markup; the only markup is that of
// the rules' pages, which was made of their Markdown with all of its HTML escaped.
const DATA = JSON.parse(document.getElementById("data").textContent);
const SEVERITIES = ["error", "warning", "information"];
const wish = { text: "", severity: new Set(SEVERITIES), confidence: "", rule: "", file: "", group: "file" };
let shown = [];

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function prose(text) { // `code` in backticks
  return text.split(/(`[^`]+`)/).map((part) =>
    part.length > 2 && part.startsWith("`") && part.endsWith("`") ? make("code", {}, part.slice(1, -1)) : part);
}

function position(place) {
  return `${place.path}:${place.cell === null ? "" : `cell ${place.cell}:`}${place.line}:${place.column}`;
}

function excerpt(rows) {
  if (!rows.length) return null;
  return make("pre", { class: "excerpt", tabindex: 0 }, ...rows.map(([number, pieces]) =>
    make("span", { class: "row" }, make("i", {}, String(number)), ...pieces.map(([kind, text, marked]) => {
      const piece = kind ? make("span", { class: kind }, text) : text;
      return marked ? make("mark", {}, piece) : piece;
    }))));
}

function difference(lines) {
  return make("pre", { class: "excerpt", tabindex: 0 }, ...lines.map((line) =>
    make("span", { class: `row ${line[0] === "+" ? "plus" : line[0] === "-" ? "minus" : ""}` }, `  ${line || " "}`)));
}

function trail(finding) {
  if (!finding.trail.length) return null;
  let file = finding.path;
  const stops = finding.trail.map((stop, index) => {
    const next = finding.trail[index + 1];
    const enters = stop.path !== file;
    file = stop.path;
    return make("li", { class: next && next.path !== stop.path ? "leaves" : null },
      enters ? make("span", { class: "enters" }, `in ${stop.path}`) : null,
      ...prose(stop.message), " ", make("span", { class: "place" }, position(stop)),
      stop.same ? null : excerpt(stop.rows));
  });
  return make("ol", { class: "trail", "aria-label": "How it comes about" }, ...stops);
}

function card(finding) {
  const fix = finding.fix;
  return make("article", { class: finding.severity, id: `finding-${finding.id}`, tabindex: -1 },
    make("div", { class: "head" },
      make("span", { class: "severity" }, finding.severity),
      make("button", { class: "rule", type: "button", onclick: () => openPage(finding.code), title: "Show the rule's page" },
        `${finding.code} ${finding.name}`),
      make("span", { class: finding.confidence }, finding.confidence),
      make("span", { class: "place" }, position(finding)),
      make("a", { class: "link", href: `#finding-${finding.id}`, title: "Link to this finding", "aria-label": "Link to this finding",
        onclick: (event) => { event.preventDefault(); select(shown.indexOf(finding)); copyLink(finding); } }, "#")),
    make("h3", {}, ...prose(finding.message)),
    excerpt(finding.rows),
    trail(finding),
    finding.verdict ? make("p", { class: `verdict ${finding.verdict.status}` }, "run: ", make("b", {}, finding.verdict.status),
      `${finding.verdict.step === null ? "" : ` at step ${finding.verdict.step}`}: ${finding.verdict.evidence}`) : null,
    finding.advice ? make("p", { class: "help" }, make("b", {}, "help: "), ...prose(finding.advice)) : null,
    fix ? make("details", { class: "fix" }, make("summary", {}, make("b", {}, "fix: "), ...prose(fix.title), ` (${fix.option})`),
      ...fix.files.map((file) => difference(file))) : null);
}

function matches(finding, without) {
  const text = wish.text.toLowerCase();
  return (without === "severity" || wish.severity.has(finding.severity))
    && (without === "confidence" || !wish.confidence || finding.confidence === wish.confidence)
    && (without === "rule" || !wish.rule || finding.code === wish.rule)
    && (without === "file" || !wish.file || finding.path === wish.file)
    && (!text || `${finding.code} ${finding.name} ${finding.message} ${finding.path}`.toLowerCase().includes(text));
}

function grouped(findings) {
  const groups = new Map();
  for (const finding of findings) {
    const key = wish.group === "file" ? finding.path : finding.code;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(finding);
  }
  return wish.group === "file" ? groups : new Map([...groups].sort((one, other) => other[1].length - one[1].length || (one[0] < other[0] ? -1 : 1)));
}

// Cards are made when their group comes near the window: thousands of findings open at once.
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) fill(entry.target);
}, { rootMargin: "1200px" });

function fill(section) {
  if (!section.pending) return;
  section.append(...section.pending.map(card));
  section.pending = null;
  section.style.minHeight = "";
  watcher.unobserve(section);
}

function draw() {
  const groups = grouped(DATA.findings.filter((finding) => matches(finding)));
  shown = [...groups.values()].flat();
  const main = document.querySelector("main");
  watcher.disconnect();
  main.replaceChildren(...[...groups].map(([key, findings]) => {
    const name = wish.group === "file" ? key : `${key} ${DATA.rules[key].name}`;
    const section = make("section", { id: `group-${key}` }, make("h2", {}, name, " ", make("small", {}, String(findings.length))));
    section.pending = findings;
    section.style.minHeight = `${findings.length * 160}px`;
    watcher.observe(section);
    return section;
  }));
  let first = 0; // what is in sight at once is there at once
  for (const section of main.querySelectorAll(":scope > section")) {
    if (first > 30) break;
    first += section.pending.length;
    fill(section);
  }
  if (!shown.length) main.append(make("p", { class: "empty" }, DATA.findings.length ? "Nothing matches the filters." : "Nothing was found."));
  document.querySelector("nav ul").replaceChildren(...[...groups].map(([key, findings]) => make("li", {},
    make("a", { href: `#group-${key}`, onclick: (event) => { event.preventDefault(); document.getElementById(`group-${key}`).scrollIntoView(); } },
      make("span", {}, wish.group === "file" ? key : `${key} ${DATA.rules[key].name}`), make("span", {}, String(findings.length))))));
  for (const severity of SEVERITIES) {
    const button = document.getElementById(severity);
    button.setAttribute("aria-pressed", wish.severity.has(severity));
    button.querySelector("b").textContent = DATA.findings.filter((finding) => finding.severity === severity && matches(finding, "severity")).length;
  }
  count("confidence", ["certain", "likely"], (finding) => finding.confidence);
  count("rule", Object.keys(DATA.rules).sort(), (finding) => finding.code);
  count("file", [...new Set(DATA.findings.map((finding) => finding.path))], (finding) => finding.path);
  document.getElementById("group").value = wish.group;
  document.getElementById("search").value = wish.text;
  document.getElementById("count").textContent = shown.length === DATA.findings.length ? "" : `${shown.length} of ${DATA.findings.length} shown`;
}

function count(name, values, of) {
  const box = document.getElementById(name);
  const left = DATA.findings.filter((finding) => matches(finding, name));
  box.replaceChildren(make("option", { value: "" }, `any ${name}`), ...values.map((value) =>
    make("option", { value }, `${name === "rule" ? `${value} ${DATA.rules[value].name}` : value} (${left.filter((finding) => of(finding) === value).length})`)));
  box.value = wish[name];
}

let current = -1;
function select(index) {
  if (index < 0 || index >= shown.length) return;
  current = index;
  document.querySelectorAll("main > section").forEach((section) => { if (section.pending && section.pending.includes(shown[index])) fill(section); });
  document.querySelectorAll("article.current").forEach((each) => each.classList.remove("current"));
  const article = document.getElementById(`finding-${shown[index].id}`);
  article.classList.add("current");
  article.scrollIntoView({ block: "start" });
  article.focus({ preventScroll: true });
}

function copyLink(finding) {
  const link = `${location.href.split("#")[0]}#finding-${finding.id}`;
  history.replaceState(null, "", `#finding-${finding.id}`);
  if (navigator.clipboard) navigator.clipboard.writeText(link).catch(() => {});
}

function openPage(code) {
  const panel = document.querySelector("dialog");
  panel.querySelector("div:last-child").innerHTML = DATA.rules[code].html;
  panel.querySelector("#only").onclick = () => { panel.close(); wish.rule = code; keep(); };
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
}

function keep() { // the wishes stand in the address, so that a link keeps them
  const parts = new URLSearchParams();
  for (const name of ["text", "confidence", "rule", "file"]) if (wish[name]) parts.set(name, wish[name]);
  if (wish.group !== "file") parts.set("group", wish.group);
  if (wish.severity.size < SEVERITIES.length) parts.set("severity", [...wish.severity].join(","));
  history.replaceState(null, "", parts.size ? `#${parts}` : location.href.split("#")[0]);
  draw();
}

function recall() {
  const hash = decodeURIComponent(location.hash.slice(1));
  const parts = new URLSearchParams(location.hash.slice(1));
  if (hash.includes("=")) {
    for (const name of ["text", "confidence", "rule", "file"]) wish[name] = parts.get(name) || "";
    wish.group = parts.get("group") === "rule" ? "rule" : "file";
    if (parts.has("severity")) wish.severity = new Set(parts.get("severity").split(",").filter((each) => SEVERITIES.includes(each)));
  }
  draw();
  const found = hash.match(/^finding-(\d+)$/);
  if (found) select(shown.findIndex((finding) => finding.id === Number(found[1])));
  if (DATA.rules[hash]) openPage(hash);
}

function theme(name) {
  document.documentElement.dataset.theme = name;
  document.getElementById("theme").textContent = name === "dark" ? "Light" : "Dark";
}

document.getElementById("search").addEventListener("input", (event) => { wish.text = event.target.value; keep(); });
for (const name of ["confidence", "rule", "file", "group"])
  document.getElementById(name).addEventListener("change", (event) => { wish[name] = event.target.value; keep(); });
for (const severity of SEVERITIES)
  document.getElementById(severity).addEventListener("click", () => {
    wish.severity.has(severity) ? wish.severity.delete(severity) : wish.severity.add(severity);
    keep();
  });
document.getElementById("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
document.getElementById("close").addEventListener("click", () => document.querySelector("dialog").close());
document.querySelector("dialog").addEventListener("click", (event) => { if (event.target.tagName === "DIALOG") event.target.close(); });
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog").open) return;
  if (event.key === "j") select(current + 1);
  else if (event.key === "k") select(current - 1);
  else if (event.key === "/") { event.preventDefault(); document.getElementById("search").focus(); }
});
window.addEventListener("hashchange", recall);
window.addEventListener("beforeprint", () => document.querySelectorAll("main > section").forEach(fill));
theme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
recall();
