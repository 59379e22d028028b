"use strict";
// No framework, no build: what is shown is made of DOM nodes and texts, never of markup.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const VIEWS = ["live", "home", "try", "settings", "system"];

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && !name.includes("-")) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function svg(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const ms = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} s` : value >= 10 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`);
const plain = (text) => text.replaceAll("_", " ");

// --- the server ------------------------------------------------------------------------------------------------------

class Problem extends Error {}

async function ask(path, told) {
  const options = told === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json", "X-EdgeVoice": "page" }, body: JSON.stringify(told) };
  let answer;
  try {
    answer = await fetch(path, { ...options, credentials: "same-origin" });
  } catch {
    throw new Problem("The assistant does not answer. Is it running?");
  }
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401 && path !== "/api/login") logIn();
  if (!answer.ok) throw new Problem(body.error || `The assistant answered ${answer.status}.`);
  return body;
}

// Runs what a form or a button asks for; its problem is shown where the user looks.
async function attempt(problem, work, button) {
  $(problem).textContent = "";
  if (button) button.disabled = true;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    $(problem).textContent = error.message;
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

function onSubmit(form, work) {
  $(form).addEventListener("submit", (event) => {
    event.preventDefault();
    work(event.submitter);
  });
}

// --- the token and the connection ----------------------------------------------------------------------------------------

let events = null;
let meters = null;

function link(state, text) {
  $("link").className = `link ${state}`;
  $("link-text").textContent = text;
}

function logIn() {
  events?.close();
  events = null;
  link("off", "locked");
  for (const view of VIEWS) $(`view-${view}`).hidden = true;
  $("login").hidden = false;
  $("token").focus();
}

onSubmit("login-form", async (button) => {
  const done = await attempt("login-problem", () => ask("/api/login", { token: $("token").value.trim() }), button);
  if (done === undefined) return;
  $("token").value = "";
  $("login").hidden = true;
  start();
});

function look() {
  events?.close();
  events = new EventSource("/api/events");
  events.onopen = () => link("on", "live");
  events.onerror = () => {
    link("off", "not connected");
    if (events.readyState === EventSource.CLOSED) ask("/api/status").then(() => setTimeout(look, 2000), () => setTimeout(() => $("login").hidden && look(), 4000));
  };
  events.addEventListener("hello", (event) => hello(JSON.parse(event.data)));
  events.addEventListener("turn", (event) => showTurn(JSON.parse(event.data), true));
  events.addEventListener("home", (event) => showHome(JSON.parse(event.data)));
  events.addEventListener("device", (event) => showDevice(JSON.parse(event.data)));
}

function hello(told) {
  showMuted(told.muted);
  for (const turn of told.turns) showTurn(turn, false);
}

// --- turns ------------------------------------------------------------------------------------------------------------

const turns = new Map();
const MOST_TURNS = 30;

function showTurn(turn, isNew) {
  const old = turns.get(turn.id);
  if (old && old.at > turn.at) return;
  const node = turnNode(turn);
  if (old) old.node.replaceWith(node);
  else {
    const after = [...turns.values()].filter((one) => one.id > turn.id).sort((a, b) => a.id - b.id)[0];
    if (after) after.node.after(node);
    else $("turns").prepend(node);
  }
  turns.set(turn.id, { id: turn.id, at: turn.at, node, turn });
  for (const id of [...turns.keys()].sort((a, b) => a - b).slice(0, -MOST_TURNS)) {
    turns.get(id).node.remove();
    turns.delete(id);
  }
  $("no-turns").hidden = true;
  if (isNew && ["done", "asked", "failed"].includes(turn.state)) $("announce").textContent = turn.replies.join(" ") || turn.failed;
  if (isNew) performance.mark("turn", { detail: { id: turn.id, state: turn.state, told: turn.at * 1000, shown: Date.now() } });
}

const DOING = { listening: "listening …", thinking: "thinking …", speaking: "answering", "nobody spoke": "nobody spoke" };
const BECAME = { confirmed: ["good", "✓ "], assumed: ["", "≈ "], sent: ["warm", "… "], refused: ["bad", "✕ refused: "], otherwise: ["bad", "✕ "], silent: ["bad", "✕ no answer: "] };

function turnNode(turn) {
  const said = turn.heard ? `“${turn.heard}”` : turn.state === "nobody spoke" ? "Nobody spoke" : turn.replies.length && turn.state === "done" ? "By itself" : DOING[turn.state] || "…";
  const began = new Date(turn.began * 1000);
  const now = ["listening", "thinking", "speaking"].includes(turn.state);
  const chips = [];
  if (turn.word) chips.push(el("li", { class: "chip" }, `${plain(turn.word)} ${turn.score.toFixed(2)}`));
  else if (turn.heard) chips.push(el("li", { class: "chip" }, turn.is_spoken ? "spoken" : "typed"));
  for (const intent of turn.intents) chips.push(el("li", { class: "chip" }, intentText(intent)));
  for (const deed of turn.deeds) {
    const [kind, sign] = BECAME[deed.became] || ["", ""];
    chips.push(el("li", { class: `chip ${kind}` }, `${sign}${deed.device}: ${deed.what}${deed.why ? `, says ${deed.why}` : ""}`));
  }
  if (turn.expects) chips.push(el("li", { class: "chip warm" }, `waits for ${turn.expects === "yes_no" ? "yes or no" : turn.expects === "pin" ? "the PIN" : `a ${turn.expects}`}`));
  const retry = turn.heard && !now && turn.heard !== "••••" ? el("button", { class: "small", type: "button", title: "See why it was understood so", onclick: () => explainThis(turn.heard) }, "Why?") : null;
  return el(
    "li",
    { class: `turn${now ? " now" : ""}`, "data-turn": turn.id, "data-state": turn.state },
    el("div", { class: "head" }, el("span", { class: "said" }, said), el("time", { dateTime: began.toISOString() }, began.toLocaleTimeString())),
    ...turn.replies.map((reply) => el("p", { class: "reply" }, reply)),
    turn.failed ? el("p", { class: "problem" }, turn.failed) : null,
    el("ul", { class: "chips" }, ...chips),
    turn.bars.length ? timeline(turn.bars) : null,
    retry,
  );
}

function intentText(intent) {
  const slots = Object.entries(intent.slots).map(([name, value]) => `${name}=${value}`);
  return [intent.name, ...slots].join(" ") + ` (${intent.source} ${intent.confidence.toFixed(2)})`;
}

// The stages under each other on one axis of time; those of one kind share a line.
function timeline(bars) {
  const names = [...new Set(bars.map((bar) => bar.stage))];
  const end = Math.max(50, ...bars.map((bar) => bar.begin + bar.ms));
  const width = Math.max(260, $("turns").clientWidth - 34);
  const [left, right, row] = [84, 66, 20];
  const scale = (width - left - right) / end;
  const height = names.length * row + 22;
  const total = `${names.map((name) => `${name} ${ms(longest(bars, name))}`).join(", ")}; ${ms(end)} in all`;
  const picture = svg("svg", { class: "time", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Stages: ${total}` });
  const step = niceStep(end / Math.max(2, Math.floor((width - left - right) / 90)));
  for (let at = 0; at <= end; at += step) {
    const x = left + at * scale;
    picture.append(svg("line", { class: "grid", x1: x, x2: x, y1: 0, y2: height - 18 }));
    picture.append(svg("text", { x, y: height - 4, "text-anchor": "middle" }, at === 0 ? "0" : ms(at)));
  }
  names.forEach((name, i) => {
    const y = i * row;
    picture.append(svg("text", { class: "name", x: left - 8, y: y + 14, "text-anchor": "end" }, name));
    for (const bar of bars.filter((one) => one.stage === name)) {
      const rect = svg("rect", { class: `bar-${name.replace(" ", "-")}`, x: left + bar.begin * scale, y: y + 4, width: Math.max(3, bar.ms * scale), height: row - 8, rx: 3 });
      rect.append(svg("title", {}, `${name}${bar.told ? ` (${bar.told})` : ""}: ${ms(bar.ms)}, from ${ms(bar.begin)}`));
      picture.append(rect);
    }
    const last = Math.max(...bars.filter((one) => one.stage === name).map((one) => one.begin + one.ms));
    const took = longest(bars, name);
    picture.append(svg("text", { x: left + last * scale + 8, y: y + 14 }, took ? ms(took) : bars.find((one) => one.stage === name).told));
  });
  return picture;
}

const longest = (bars, name) => Math.max(...bars.filter((bar) => bar.stage === name).map((bar) => bar.ms));

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((step) => step * power >= rough);
}

// The picture is drawn for the width that there is, so that its letters keep their size.
let drawn = 0;
new ResizeObserver(() => {
  const width = $("turns").clientWidth;
  if (!width || width === drawn) return;
  drawn = width;
  for (const one of turns.values()) one.node.querySelector(".time")?.replaceWith(timeline(one.turn.bars));
}).observe($("turns"));

onSubmit("say-form", async () => {
  const text = $("say").value;
  $("say").value = "";
  $("say").focus();
  const done = await attempt("say-problem", () => ask("/api/say", { text, aloud: $("say-aloud").checked }));
  if (done === undefined && !$("say").value) $("say").value = text;
});

// --- the microphone ----------------------------------------------------------------------------------------------------

function watchMicrophone() {
  const wanted = current === "live" && !document.hidden && events !== null;
  if (wanted && !meters) {
    meters = new EventSource("/api/meters");
    meters.addEventListener("meter", (event) => showMeter(JSON.parse(event.data)));
  } else if (!wanted && meters) {
    meters.close();
    meters = null;
  }
}

function showMeter(told) {
  $("level").value = told.rms + 90;
  $("level-text").textContent = `${told.rms.toFixed(0)} dB, peak ${told.peak.toFixed(0)}`;
  $("mic-note").textContent = told.muted ? "Muted: nothing is heard." : told.listening ? "Listening to you." : "Waiting for the wake word.";
  for (const [word, { score, threshold }] of Object.entries(told.words)) {
    let box = $(`word-${word}`);
    if (!box) {
      box = el("div", { id: `word-${word}` }, el("label", {}, plain(word), el("output", {})), gauge(0, threshold));
      $("words").append(box);
    }
    box.querySelector("output").textContent = score.toFixed(2);
    box.querySelector(".value").setAttribute("width", 100 * score);
  }
  showMuted(told.muted);
}

// A bar from 0 to 1, with a mark where it begins to count.
function gauge(value, mark) {
  const picture = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "value", width: 100 * value, height: 10 }));
  if (mark) picture.append(svg("line", { class: "mark", x1: 100 * mark, x2: 100 * mark, y1: 0, y2: 10 }));
  return el("div", { class: "gauge", title: mark ? `counts from ${mark.toFixed(2)}` : "" }, picture);
}

function showMuted(muted) {
  $("mute").setAttribute("aria-pressed", muted);
  $("mute").textContent = muted ? "Muted" : "Mute";
}

$("mute").addEventListener("click", () =>
  attempt("say-problem", async () => showMuted((await ask("/api/mute", { muted: $("mute").getAttribute("aria-pressed") !== "true" })).muted), $("mute")),
);

// --- the home -----------------------------------------------------------------------------------------------------------

let home = { areas: [], devices: [] };
const shown = new Map();

function showHome(told) {
  home = told;
  shown.clear();
  const areas = [...told.areas, { id: "", name: "Anywhere", floor: "" }];
  $("areas").replaceChildren(
    ...areas.flatMap((area) => {
      const devices = told.devices.filter((device) => device.area === area.id);
      if (!devices.length) return [];
      const list = el("ul", { class: "devices" }, ...devices.map(deviceNode));
      return [el("section", { class: "area card" }, el("h2", {}, area.name, el("small", {}, area.floor)), list)];
    }),
  );
  const chosen = $("name-device").value;
  $("name-device").replaceChildren(el("option", { value: "" }, "choose a device"), ...areas.flatMap((area) => options(area, told.devices)));
  $("name-device").value = chosen;
  filterHome();
}

function options(area, devices) {
  const inside = devices.filter((device) => device.area === area.id);
  return inside.length ? [el("optgroup", { label: area.name }, ...inside.map((one) => el("option", { value: one.id }, one.name)))] : [];
}

function deviceNode(device) {
  const state = el("span", { class: "state" }, device.state);
  const also = device.aliases.length ? el("span", { class: "also" }, `also ${device.aliases.join(", ")}`) : null;
  const node = el("li", { "data-device": device.id, title: device.id }, el("span", { class: "mark", "aria-hidden": "true" }), el("span", {}, device.name), state, also);
  shown.set(device.id, { device, node, state });
  paint(device.id, false);
  return node;
}

function paint(id, isNew) {
  const { device, node, state } = shown.get(id);
  node.className = `device${device.active ? " active" : ""}${device.known ? "" : " unknown"}`;
  state.textContent = device.state;
  if (isNew) {
    void node.offsetWidth;
    node.classList.add("changed");
  }
}

function showDevice(told) {
  const known = shown.get(told.id);
  if (!known) return;
  Object.assign(known.device, told);
  paint(told.id, true);
  filterHome();
}

function filterHome() {
  const wanted = $("find").value.trim().toLowerCase();
  const areas = new Map(home.areas.map((area) => [area.id, area.name]));
  let count = 0;
  for (const { device, node } of shown.values()) {
    const text = [device.name, device.state, device.domain, device.id, areas.get(device.area) || "", ...device.aliases].join(" ").toLowerCase();
    node.hidden = !text.includes(wanted) || ($("only-active").checked && !device.active);
    count += !node.hidden;
  }
  for (const area of document.querySelectorAll(".area")) area.hidden = !area.querySelector(".device:not([hidden])");
  $("home-count").textContent = `${count} of ${shown.size} devices`;
}

$("find").addEventListener("input", filterHome);
$("only-active").addEventListener("change", filterHome);

// --- try and teach ------------------------------------------------------------------------------------------------------

const ABOUT = {
  "own answers": "Questions about itself, the time, sums and the home",
  templates: "Home Assistant's sentences with the names of this home",
  packs: "Sentences of packs, heard exactly or roughly",
  "free wording": "Any order of words, by what they point at",
  meaning: "What the words are like, by a small trained model",
  questions: "Facts of the devices that a question names",
  "language model": "Proposes under this home's grammar, judged by the words",
  words: "The sentence itself",
};

function explainThis(text) {
  $("sentence").value = text;
  location.hash = "#try";
  explain();
}

async function explain(button) {
  const told = await attempt("try-problem", () => ask("/api/explain", { text: $("sentence").value, model: $("with-model").checked }), button);
  if (told === undefined) return;
  const intents = told.intents.map((intent) => el("li", { class: "chip" }, intentText(intent)));
  const verdict = told.intents.length
    ? [el("h3", {}, `Understood by: ${told.decided || "several together"}`), el("ul", { class: "chips" }, ...intents), doubtful(told)]
    : [el("h3", {}, "Not understood"), el("p", { class: "note" }, "Teach it below, or say it in other words.")];
  $("explained").replaceChildren(
    el("div", { class: "card verdict" }, ...verdict, told.meaning ? el("p", { class: "note" }, `You taught: it means “${told.meaning}”.`) : null, el("p", { class: "note" }, `Seen as: “${told.words}”`)),
    el("ol", { class: "layers" }, ...told.layers.map((layer) => layerNode(layer, told.decided))),
  );
  if (!$("sentence-said").value) $("sentence-said").value = told.text.replace(/[.!?,]+$/, "");
}

function doubtful(told) {
  const least = Math.min(...told.intents.map((intent) => intent.confidence));
  return least < 0.6 ? el("p", { class: "note" }, `With a confidence of ${least.toFixed(2)} it asks before it acts.`) : null;
}

function layerNode(layer, decided) {
  const nothing = !layer.candidates.length && !Object.keys(layer.scores).length;
  return el(
    "li",
    { class: `card layer${layer.name === decided ? " decided" : ""}${nothing ? " nothing" : ""}` },
    el("div", { class: "head" }, el("h3", {}, layer.name), el("small", {}, [nothing && !layer.note ? "nothing" : layer.name === decided ? "this decided" : "", layer.ms ? ms(layer.ms) : ""].filter(Boolean).join(" · "))),
    el("p", { class: "note" }, layer.note || ABOUT[layer.name] || ""),
    ...layer.candidates.map(candidateNode),
    ...Object.entries(layer.scores).map(([name, score]) => scoreNode(plain(name), score)),
  );
}

function candidateNode(candidate) {
  return el(
    "div",
    { class: "candidate" },
    candidate.intents.length ? scoreNode(candidate.by, candidate.confidence) : null,
    el("ul", { class: "chips" }, ...candidate.intents.map((intent) => el("li", { class: "chip" }, intentText(intent)))),
    ...candidate.intents.filter((intent) => intent.unexplained).map((intent) => el("p", { class: "note" }, `Unexplained: “${intent.unexplained}”`)),
    candidate.note ? el("p", { class: candidate.is_enough ? "note" : "note bad" }, candidate.note) : null,
  );
}

function scoreNode(name, score) {
  return el("div", { class: "score" }, el("span", {}, name), gauge(score), el("span", { class: "number" }, score.toFixed(2)));
}

onSubmit("explain-form", explain);
$("do-it").addEventListener("click", async () => {
  if (!$("explain-form").reportValidity()) return;
  const done = await attempt("try-problem", () => ask("/api/say", { text: $("sentence").value, aloud: false }), $("do-it"));
  if (done !== undefined) location.hash = "#live";
});

async function teach(form, told, button) {
  $("teach-done").textContent = "";
  const done = await attempt("teach-problem", () => ask("/api/teach", told), button);
  if (done === undefined) return;
  showLessons(done.lessons);
  $("teach-done").replaceChildren(`“${told.said}” is understood from now on. `, forgetButton(told.said, "Undo"));
  $(form).reset();
}

onSubmit("name-form", (button) => teach("name-form", { said: withoutArticle($("name-said").value), device: $("name-device").value }, button));
onSubmit("sentence-form", (button) => teach("sentence-form", { said: $("sentence-said").value, means: $("sentence-means").value }, button));

const withoutArticle = (text) => text.trim().replace(/^(the|my|our)\s+/i, "");

function forgetButton(said, text) {
  const button = el("button", { class: "small", type: "button", "aria-label": `${text} “${said}”` }, text);
  button.addEventListener("click", async () => {
    const done = await attempt("teach-problem", () => ask("/api/forget", { said }), button);
    if (done === undefined) return;
    $("teach-done").textContent = `“${said}” is forgotten.`;
    showLessons(done.lessons);
  });
  return button;
}

function showLessons(told) {
  const called = (id) => home.devices.find((device) => device.id === id)?.name || id;
  const rows = [...told.names.map((one) => [one.said, called(one.device)]), ...told.sentences.map((one) => [one.said, `“${one.means}”`])];
  $("lessons").replaceChildren(...rows.map(([said, means]) => el("li", {}, el("span", {}, `“${said}” means ${means}`), forgetButton(said, "Forget"))));
  if (!rows.length) $("lessons").append(el("li", { class: "note" }, "Nothing yet."));
  $("lessons-path").textContent = `Kept in ${told.path}`;
}

// --- settings ------------------------------------------------------------------------------------------------------------

let version = "";
let checking = 0;

function showSettings(told) {
  version = told.version;
  $("settings-path").textContent = told.path;
  $("settings-under").textContent = told.under && `. It wins over ${told.under}, into which the service may not write.`;
  $("settings-when").textContent = told.reloads ? "What you save takes effect at the end of the running turn." : "What you save takes effect at the next start.";
  $("settings-text").value = told.text;
  $("settings-rows").replaceChildren(
    ...told.settings.map((one) => el("tr", { class: one.is_default ? "" : "set" }, el("td", {}, el("code", {}, one.key)), el("td", {}, el("code", {}, one.value === null ? "–" : JSON.stringify(one.value))), el("td", {}, one.help))),
  );
  filterSettings();
  showProblem(told.not_in_force ? { line: 0, text: `Not in force: ${told.not_in_force}` } : null);
}

function filterSettings() {
  const wanted = $("settings-find").value.trim().toLowerCase();
  for (const row of $("settings-rows").rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
}

function showProblem(problem) {
  $("settings-problem").textContent = problem ? problem.text : "";
  $("settings-text").setAttribute("aria-invalid", problem !== null);
  const lines = $("settings-text").value.split("\n").length;
  $("gutter").replaceChildren(...Array.from({ length: lines }, (_, i) => [i + 1 === problem?.line ? el("b", {}, String(i + 1)) : String(i + 1), "\n"]).flat());
  $("gutter").scrollTop = $("settings-text").scrollTop;
}

$("settings-text").addEventListener("scroll", () => ($("gutter").scrollTop = $("settings-text").scrollTop));
$("settings-find").addEventListener("input", filterSettings);
$("settings-text").addEventListener("input", () => {
  $("settings-done").textContent = "";
  clearTimeout(checking);
  checking = setTimeout(() => attempt("settings-problem", async () => showProblem((await ask("/api/settings/check", { text: $("settings-text").value })).problem)), 300);
});
$("settings-reload").addEventListener("click", () => loadSettings());

const loadSettings = () => attempt("settings-problem", async () => showSettings(await ask("/api/settings")), $("settings-reload"));

// What was saved holds once the assistant has been built anew; meanwhile nobody answers.
async function untilInForce(told) {
  while (told.pending) {
    await new Promise((done) => setTimeout(done, 500));
    told = await ask("/api/settings").catch(() => told);
  }
  return told;
}

onSubmit("settings-form", async (button) => {
  clearTimeout(checking);
  let told = await attempt("settings-problem", () => ask("/api/settings", { text: $("settings-text").value, version }), button);
  if (told === undefined) return;
  showProblem(told.problem);
  if (told.problem) return;
  version = told.version;
  const { beside } = told;
  const when = told.reloads ? "It is being put in force." : "It takes effect at the next start.";
  $("settings-done").textContent = `Saved. ${when} ${beside}`.trim();
  if (!told.reloads) return;
  told = await untilInForce(told);
  showSettings(told);
  $("settings-done").textContent = told.not_in_force ? "" : `Saved, and in force. ${beside}`.trim();
});

// --- the system ----------------------------------------------------------------------------------------------------------

function showStatus(told) {
  const hours = told.uptime_seconds / 3600;
  const lost = told.lost.turns + told.lost.events;
  const facts = [
    ["Version", told.version],
    ["Profile", told.profile.name],
    ["Board of the profile", told.profile.board],
    ["Broker", told.broker],
    ["Health", told.health.status],
    ["Running for", hours < 1 ? `${Math.floor(told.uptime_seconds / 60)} min` : `${hours.toFixed(1)} h`],
    ["Memory", `${told.rss_mb.toFixed(0)} MB of ${told.profile.ram_budget_mb} MB`],
    ["Wake words", told.words.map(plain).join(", ") || "none"],
    ["Lost", lost ? `${told.lost.turns} wishes, ${told.lost.events} events of ${told.lost.readers} slow pages` : "nothing"],
  ];
  $("facts").replaceChildren(...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  $("parts").replaceChildren(...Object.entries(told.health.stages).map(([name, part]) => el("li", { class: `chip ${part.ok ? "good" : "bad"}` }, part.ok ? `✓ ${name}` : `✕ ${name}: ${part.problem}`)));
  $("stages").replaceChildren(
    ...told.stages.map((one) =>
      el("tr", {}, el("td", {}, one.stage), el("td", {}, one.engine || "–"), el("td", {}, one.model || "–"), el("td", {}, el("span", { class: `chip ${{ ready: "good", missing: "bad" }[one.state] || ""}` }, one.state)), el("td", {}, one.size_mb ? `${one.size_mb} MB` : "–"), el("td", {}, one.licence || "–")),
    ),
  );
}

// --- views ----------------------------------------------------------------------------------------------------------------

let current = "";
let polling = 0;

function show() {
  if (!$("login").hidden) return;
  const wanted = location.hash.slice(1);
  const view = VIEWS.includes(wanted) ? wanted : "live";
  if (view === current) return;
  current = view;
  for (const one of VIEWS) $(`view-${one}`).hidden = one !== view;
  for (const a of document.querySelectorAll("nav a")) {
    if (a.hash === `#${view}`) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
  document.title = `${view[0].toUpperCase()}${view.slice(1)} – EdgeVoice`;
  window.scrollTo(0, 0);
  clearInterval(polling);
  if (view === "settings" && $("settings-done").textContent === "") loadSettings();
  if (view === "try") attempt("teach-problem", async () => showLessons(await ask("/api/taught")));
  if (view === "system") {
    const load = () => ask("/api/status").then(showStatus, () => {});
    load();
    polling = setInterval(() => document.hidden || load(), 5000);
  }
  watchMicrophone();
}

async function start() {
  look();
  show();
  watchMicrophone();
}

window.addEventListener("hashchange", show);
document.addEventListener("visibilitychange", watchMicrophone);

// The token may come with the address, behind the #, where no server and no log sees it.
(async () => {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    history.replaceState(null, "", "/#live");
    try {
      await ask("/api/login", { token: given });
    } catch {
      logIn();
      return;
    }
  }
  try {
    await ask("/api/status");
    start();
  } catch (error) {
    if ($("login").hidden) {
      link("off", "not connected");
      setTimeout(() => location.reload(), 4000);
    }
  }
})();
