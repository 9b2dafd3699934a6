"use strict";
// Draws the findings that stand as data in this page. Texts go in as text, never as markup; the only markup is that of
// the rules' pages, which was made of their Markdown with all of its HTML escaped.
const DATA = JSON.parse(document.getElementById("data").textContent);
const RULES = new Map(Object.entries(DATA.rules));
const CHOICES = {
  severity: { error: ["error", "errors"], warning: ["warning", "warnings"], information: ["note", "notes"] },
  confidence: { certain: ["certain", "certain"], likely: ["likely", "likely"] },
};
const CHUNK = 20; // cards that are made together
const AT_ONCE = 30; // cards that are there before anybody scrolls
const wish = { text: "", severity: new Set(), confidence: new Set(), rule: "", file: "", group: "file" };
const value = { severity: (each) => each.severity, confidence: (each) => each.confidence, rule: (each) => each.code, file: (each) => each.path };
let shown = [];
let current = null; // the finding that j and k go on from
let page = ""; // the rule whose page is open

const at = (id) => document.getElementById(id);

for (const finding of DATA.findings) {
  const places = [finding, ...finding.trail].map(position);
  finding.words = [finding.code, finding.name, finding.message, finding.advice, ...places, ...finding.trail.map((stop) => stop.message)].join("\n").toLowerCase();
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// --- names and texts

function prose(text) { // `code` in backticks
  return text.split(/(`[^`]+`)/).map((part) =>
    part.length > 2 && part.startsWith("`") && part.endsWith("`") ? make("code", {}, part.slice(1, -1)) : part);
}

function short(path) {
  return path.startsWith(DATA.folder) && path.length > DATA.folder.length ? path.slice(DATA.folder.length) : path;
}

function split(path) { // the folder, and the name in it
  const name = short(path);
  const cut = Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1;
  return [name.slice(0, cut), name.slice(cut)];
}

function where(place) {
  return `${place.cell === null ? "" : `cell ${place.cell}:`}${place.line}:${place.column}`;
}

function position(place) {
  return `${place.path}:${where(place)}`;
}

function broken(text) { // may break behind what parts a path
  return text.split(/(?<=[/\\_.:])/).flatMap((part, index) => (index ? [make("wbr"), part] : [part]));
}

// --- a finding

function excerpt(place, stop) {
  if (!place.rows.length) return null;
  const spare = Math.min(...place.rows.map(indentation));
  const rows = place.rows.map(([number, ...pieces], index) => {
    if (Number.isFinite(spare) && pieces.length) pieces[0] = typeof pieces[0] === "string" ? pieces[0].slice(spare) : [pieces[0][0], pieces[0][1].slice(spare), pieces[0][2]];
    const isMarked = (piece) => piece[2] === 1;
    const isLast = pieces.some(isMarked) && !place.rows.slice(index + 1).some((others) => others.slice(1).some(isMarked));
    const badge = stop && isLast ? make("b", { class: "stop", title: `Stop ${stop} of the trail below` }, String(stop)) : null;
    return make("span", { class: "row" }, make("i", {}, badge, String(number)), ...pieces.map((piece) => {
      if (typeof piece === "string") return piece;
      const [kind, text, marked] = piece;
      const inner = kind ? make("span", { class: kind }, text) : text;
      return marked ? make("mark", {}, inner) : inner;
    }));
  });
  const last = place.rows[place.rows.length - 1][0];
  if (last < place.end) rows.push(make("span", { class: "row more" }, make("i", {}, "⋮"), `to line ${place.end}`));
  return make("pre", { class: "excerpt" }, ...rows);
}

function indentation([, ...pieces]) { // of a line that is not blank
  const text = pieces.map((piece) => (typeof piece === "string" ? piece : piece[1])).join("");
  const lead = text.search(/[^ ]/);
  const first = pieces.length ? (typeof pieces[0] === "string" ? pieces[0] : pieces[0][1]) : "";
  return lead < 0 ? Infinity : Math.min(lead, first.length);
}

function trail(finding) {
  if (!finding.trail.length) return null;
  const lanes = []; // stops in a row that are in one file
  finding.trail.forEach((stop, index) => {
    const lane = lanes[lanes.length - 1];
    if (lane && lane.path === stop.path) lane.stops.push([stop, index + 1]);
    else lanes.push({ path: stop.path, stops: [[stop, index + 1]] });
  });
  const across = lanes.length > 1 || lanes[0].path !== finding.path;
  return make("div", { class: `trail${across ? " across" : ""}`, role: "group", "aria-label": "How it comes about" }, ...lanes.map(({ path, stops }) =>
    make("div", { class: `lane${path === finding.path ? "" : " elsewhere"}` },
      across ? make("h4", { title: path }, make("span", { class: "folder" }, ...broken(split(path)[0])), make("b", {}, split(path)[1])) : null,
      make("ol", { start: stops[0][1] }, ...stops.map(([stop, number]) => make("li", {}, make("b", {}, String(number)), ...prose(stop.message), " ",
        make("span", { class: "place", title: position(stop) }, `${stop.cell === null ? ":" : ""}${where(stop)}`),
        stop.same ? make("span", { class: "above" }, finding.rows.length ? " (shown above)" : "") : excerpt(stop)))))));
}

function difference({ path, lines }) {
  const kinds = { "+": "plus", "-": "minus", "@": "hunk" };
  return make("div", {}, make("span", { class: "place" }, short(path)), make("pre", { class: "excerpt" }, ...lines.map((line) =>
    make("span", { class: `row ${kinds[line[0]] || ""}` }, `  ${line || " "}`))));
}

function card(finding) {
  const { fix, verdict } = finding;
  const stop = finding.trail.findIndex((each) => each.same) + 1;
  return make("article", { class: `${finding.severity}${finding === current ? " current" : ""}`, id: `finding-${finding.id}`, tabindex: -1, "aria-labelledby": `message-${finding.id}` },
    make("div", { class: "head" },
      make("span", { class: "severity" }, finding.severity),
      make("button", { class: "rule", type: "button", onclick: () => { point(finding); openPage(finding.code); }, title: "Show the rule's page" },
        make("b", {}, finding.code), ` ${finding.name}`),
      make("span", { class: finding.confidence }, finding.confidence),
      make("span", { class: "place", title: position(finding) }, ...(wish.group === "file" ? [`${finding.cell === null ? "line " : ""}${where(finding)}`] : broken(`${short(finding.path)}:${where(finding)}`))),
      make("a", { class: "link", href: `#finding-${finding.id}`, title: "Copy the link to this finding", "aria-label": "Copy the link to this finding",
        onclick: (event) => { event.preventDefault(); copyLink(finding); } }, "#")),
    make("h3", { id: `message-${finding.id}` }, ...prose(finding.message)),
    excerpt(finding, stop),
    verdict ? make("p", { class: `verdict ${verdict.status}` }, "run: ", make("b", {}, verdict.status),
      `${verdict.step === null ? "" : ` at step ${verdict.step}`}: `, ...prose(verdict.evidence)) : null,
    trail(finding),
    finding.advice ? make("p", { class: "help" }, make("b", {}, "help: "), ...prose(finding.advice)) : null,
    fix ? make("details", { class: "fix" }, make("summary", {}, make("b", {}, "fix: "), ...prose(fix.title), " (", make("code", {}, fix.option), ")"),
      ...fix.files.map(difference)) : null);
}

// --- which findings

function missed(finding, text) { // the wishes that it does not meet, two at most
  const names = [];
  for (const name of ["severity", "confidence"]) if (wish[name].size && !wish[name].has(value[name](finding))) names.push(name);
  for (const name of ["rule", "file"]) if (wish[name] && wish[name] !== value[name](finding)) names.push(name);
  if (text && !finding.words.includes(text)) names.push("text");
  return names;
}

function sift() { // what is shown, and how many of each value there would be if that wish alone were another
  const text = wish.text.trim().toLowerCase();
  const counts = { severity: new Map(), confidence: new Map(), rule: new Map(), file: new Map() };
  const found = DATA.findings.filter((finding) => {
    const names = missed(finding, text);
    for (const name of Object.keys(counts)) {
      const key = value[name](finding);
      const counted = !names.length || (names.length === 1 && names[0] === name);
      counts[name].set(key, (counts[name].get(key) || 0) + (counted ? 1 : 0));
    }
    return !names.length;
  });
  return [found, counts];
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

function worst(findings) {
  return Object.keys(CHOICES.severity).find((severity) => findings.some((finding) => finding.severity === severity));
}

// --- the page

// Cards are made when they come near the window: thousands of findings open at once.
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) fill(entry.target);
}, { rootMargin: "1200px" });

function fill(chunk) {
  if (!chunk.pending) return;
  chunk.append(...chunk.pending.map(card));
  chunk.pending = null;
  chunk.style.minHeight = "";
  watcher.unobserve(chunk);
}

function chunks(findings) {
  const made = [];
  for (let first = 0; first < findings.length; first += CHUNK) {
    const chunk = make("div", { class: "chunk" });
    chunk.pending = findings.slice(first, first + CHUNK);
    chunk.style.minHeight = `${chunk.pending.length * 300}px`;
    watcher.observe(chunk);
    made.push(chunk);
  }
  return made;
}

function draw() {
  const [found, counts] = sift();
  const groups = grouped(found);
  shown = [...groups.values()].flat();
  watcher.disconnect();
  const sections = [...groups].map(([key, findings], index) => {
    const heading = wish.group === "file"
      ? [make("h2", { title: key }, make("span", { class: "folder" }, ...broken(split(key)[0])), ...broken(split(key)[1]), make("small", {}, String(findings.length)))]
      : [make("h2", {}, `${key} ${RULES.get(key).name}`, make("small", {}, String(findings.length))), make("p", {}, ...prose(RULES.get(key).summary))];
    return make("section", { id: `group-${index}` }, ...heading, ...chunks(findings));
  });
  at("findings").replaceChildren(...sections.length ? sections : [empty()]);
  let made = 0;
  for (const chunk of document.querySelectorAll(".chunk")) {
    if (made >= AT_ONCE) break;
    made += chunk.pending.length;
    fill(chunk);
  }
  document.querySelector("nav ul").replaceChildren(...[...groups].map(([key, findings], index) => {
    const [folder, name] = wish.group === "file" ? split(key) : [RULES.get(key).name, key];
    return make("li", {}, make("a", { href: `#group-${index}`, title: key, class: worst(findings), onclick: (event) => { event.preventDefault(); at(`group-${index}`).scrollIntoView(); } },
      make("span", {}, name), make("b", {}, String(findings.length)), folder ? make("small", {}, folder) : null));
  }));
  controls(counts);
}

function empty() {
  if (DATA.findings.length) return make("p", { class: "empty" }, "Nothing matches the filters.");
  return make("p", { class: "empty" }, make("b", {}, "Nothing was found."), DATA.files === 1 ? "1 file was checked." : `${DATA.files} files were checked.`);
}

function controls(counts) {
  for (const [name, choices] of Object.entries(CHOICES)) {
    for (const [key, [one, several]] of Object.entries(choices)) {
      const count = counts[name].get(key) || 0;
      const button = at(`choice-${key}`);
      button.setAttribute("aria-pressed", wish[name].has(key));
      button.replaceChildren(make("b", {}, String(count)), ` ${count === 1 ? one : several}`);
    }
  }
  for (const each of ["file", "rule"]) at(`group-by-${each}`).setAttribute("aria-pressed", wish.group === each);
  options("rule", [...RULES.keys()], (code) => `${code} ${RULES.get(code).name}`, counts.rule);
  options("file", [...counts.file.keys()], short, counts.file);
  if (at("search").value !== wish.text) at("search").value = wish.text;
  at("clear").hidden = !isFiltered();
  at("count").textContent = shown.length === DATA.findings.length ? "" : `${shown.length} of ${DATA.findings.length} shown`;
}

function options(name, values, label, counts) {
  const names = wish[name] && !values.includes(wish[name]) ? [...values, wish[name]] : values;
  at(name).replaceChildren(make("option", { value: "" }, `any ${name}`), ...names.map((each) => make("option", { value: each }, `${RULES.has(each) || name === "file" ? label(each) : each} (${counts.get(each) || 0})`)));
  at(name).value = wish[name];
}

function isFiltered() {
  return Boolean(wish.text || wish.severity.size || wish.confidence.size || wish.rule || wish.file);
}

function clear() {
  Object.assign(wish, { text: "", severity: new Set(), confidence: new Set(), rule: "", file: "" });
}

function point(finding) { // without moving
  if (current) at(`finding-${current.id}`)?.classList.remove("current");
  current = finding;
  at(`finding-${finding.id}`)?.classList.add("current");
}

function select(finding) {
  if (!finding) return;
  for (const chunk of document.querySelectorAll(".chunk")) if (chunk.pending?.includes(finding)) fill(chunk);
  point(finding);
  const article = at(`finding-${finding.id}`);
  article.scrollIntoView({ block: "start" });
  article.focus({ preventScroll: true });
  if (page) openPage(finding.code);
}

function copyLink(finding) {
  point(finding);
  keep();
  const link = `${location.href.split("#")[0]}#finding-${finding.id}`;
  const told = (text) => { at("count").textContent = text; };
  if (navigator.clipboard) navigator.clipboard.writeText(link).then(() => told("Link copied"), () => told(link));
  else told(link);
}

function openPage(code) {
  const panel = at("panel");
  page = code;
  at("text").innerHTML = RULES.get(code).html;
  for (const link of at("text").querySelectorAll("a")) Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
  const count = DATA.findings.filter((finding) => finding.code === code).length;
  at("only").textContent = `Show only this rule (${count})`;
  at("only").onclick = () => { wish.rule = code; if (panel.matches(":modal")) closePage(); keep(); draw(); };
  if (!panel.open) matchMedia("(min-width: 1250px)").matches ? panel.show() : panel.showModal();
  panel.scrollTop = 0;
  keep();
}

function closePage() {
  at("panel").close();
}

// --- the address keeps what is wished, so that a link keeps it too

function keep() {
  const parts = new URLSearchParams();
  for (const name of ["text", "rule", "file"]) if (wish[name]) parts.set(name, wish[name]);
  for (const name of ["severity", "confidence"]) if (wish[name].size) parts.set(name, [...wish[name]].join(","));
  if (wish.group !== "file") parts.set("group", wish.group);
  const isPlain = !parts.size;
  if (current) parts.set("finding", current.id);
  if (page) parts.set("page", page);
  const hash = !isPlain || (current && page) ? parts.toString() : page || (current ? `finding-${current.id}` : "");
  try {
    history.replaceState(null, "", `${location.href.split("#")[0]}${hash ? `#${hash}` : ""}`);
  } catch { /* inside of another page there may be no address */ }
}

function recall() {
  const hash = location.hash.slice(1);
  const parts = new URLSearchParams(hash.includes("=") ? hash : "");
  const finding = (hash.match(/^finding-(\d+)$/) || [])[1] || parts.get("finding");
  const code = RULES.has(hash) ? hash : parts.get("page");
  clear();
  for (const name of ["text", "rule", "file"]) wish[name] = parts.get(name) || "";
  for (const name of ["severity", "confidence"]) wish[name] = new Set((parts.get(name) || "").split(",").filter((each) => Object.hasOwn(CHOICES[name], each)));
  wish.group = parts.get("group") === "rule" ? "rule" : "file";
  draw();
  select(shown.find((each) => String(each.id) === finding));
  if (RULES.has(code)) openPage(code);
}

function theme(name) { // as the system has it, light, or dark
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  at("theme").textContent = { light: "☀ light", dark: "☾ dark" }[name] || "◐ auto";
  at("theme").setAttribute("aria-label", `Colours: ${name || "as the system has them"}`);
}

function remembered(name) { // some browsers keep nothing for files
  try {
    if (name === undefined) return localStorage.getItem("nnlint-theme") || "";
    localStorage.setItem("nnlint-theme", name);
  } catch { /* then it is as the system has it */ }
  return name || "";
}

function change(action) {
  return (event) => { action(event); keep(); draw(); };
}

for (const [name, choices] of Object.entries(CHOICES))
  for (const key of Object.keys(choices))
    at(name === "severity" ? "severities" : "confidences").append(make("button", { type: "button", id: `choice-${key}`, class: key, onclick: change(() => {
      wish[name].has(key) ? wish[name].delete(key) : wish[name].add(key);
    }) }));
for (const each of ["file", "rule"])
  at("groups").append(make("button", { type: "button", id: `group-by-${each}`, onclick: change(() => { wish.group = each; }) }, `by ${each}`));
for (const name of ["rule", "file"]) at(name).addEventListener("change", change((event) => { wish[name] = event.target.value; }));
at("search").addEventListener("input", change((event) => { wish.text = event.target.value; }));
at("clear").addEventListener("click", change(clear));
at("theme").addEventListener("click", () => {
  const next = { "": "light", light: "dark", dark: "" }[document.documentElement.dataset.theme || ""];
  theme(remembered(next));
});
at("close").addEventListener("click", closePage);
at("panel").addEventListener("close", () => { page = ""; keep(); });
at("panel").addEventListener("click", (event) => { if (event.target === at("panel")) closePage(); });

const KEYS = {
  j: () => select(shown[shown.indexOf(current) + 1]),
  k: () => select(shown[shown.indexOf(current) - 1]),
  r: () => { if (current) page === current.code ? closePage() : openPage(current.code); },
  c: () => { if (current) copyLink(current); },
  "/": () => at("search").focus(),
  Escape: () => { if (page) closePage(); },
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (!Object.hasOwn(KEYS, event.key) || at("panel").matches(":modal")) return;
  event.preventDefault();
  KEYS[event.key]();
});
// What is scrolled to must not end up under the header, however many lines that takes.
new ResizeObserver(() => {
  const header = document.querySelector("header");
  const covered = getComputedStyle(header).position === "sticky" ? header.offsetHeight : 0;
  document.documentElement.style.setProperty("--covered", `${covered}px`);
}).observe(document.querySelector("header"));
window.addEventListener("hashchange", recall);
window.addEventListener("beforeprint", () => {
  document.querySelectorAll(".chunk").forEach(fill);
  document.querySelectorAll("details").forEach((each) => { each.open = true; });
});
theme(remembered());
recall();
