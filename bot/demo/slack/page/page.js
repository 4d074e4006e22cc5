// The workspace in a browser. Text reaches the page as text nodes only: nothing is ever parsed
// as HTML, so a message cannot bring markup or script with it.
"use strict";

const $ = (id) => document.getElementById(id);

function h(tag, attrs = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => ![undefined, null, false, ""].includes(child)));
  return node;
}

// ── state ───────────────────────────────────────────────────────────────────

const here = new URLSearchParams(location.search);
const S = {
  person: here.get("person") || "analyst",
  current: here.get("channel") || "",
  state: null,
  channels: new Map(), // id → {id, name, kind, archived, messages: Map(ts → message)}
  whispers: [],
  unread: new Map(),
  troubles: new Set(), // "ts action_id" of buttons that came to nothing
  thread: null, // {channel, ts, replies: Map}
  early: null, // changes that came while the state was being read
};
let stream = null;

async function ask(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ person: S.person, ...body }),
  };
  try {
    return await (await fetch(path, options)).json();
  } catch {
    return { ok: false, failed: "The workspace does not answer." };
  }
}

function connect() {
  stream?.close();
  stream = new EventSource(`/page/events?person=${encodeURIComponent(S.person)}`);
  stream.onmessage = (event) => take(JSON.parse(event.data));
  stream.onerror = () => link("workspace gone", false);
}

async function resync() {
  S.early = [];
  const state = await ask(`/page/state?person=${encodeURIComponent(S.person)}`);
  if (!state.me) {
    S.early = null;
    toast(state.failed);
    return;
  }
  const before = S.state?.me.id === state.me.id ? S.channels : null;
  S.state = state;
  S.channels = new Map(
    state.channels.map((one) => [one.id, { ...one, messages: new Map(one.messages.map((m) => [m.ts, m])) }]),
  );
  S.whispers = state.ephemerals;
  if (before) countMissed(before);
  if (!S.channels.has(S.current)) S.current = state.channels[0]?.id ?? "";
  drawPeople();
  link(state.connected ? "online" : "app offline", state.connected > 0);
  drawSidebar();
  drawChannel(true);
  if (S.thread) openThread(S.thread.channel, S.thread.ts);
  drawModal(state.view, state.errors);
  const early = S.early;
  S.early = null;
  early.forEach(take);
}

// What came while nobody listened is as unread as what comes live.
function countMissed(before) {
  for (const [id, channel] of S.channels) {
    const known = before.get(id)?.messages;
    const missed = [...channel.messages.keys()].filter((ts) => known && !known.has(ts)).length;
    if (missed && id !== S.current) S.unread.set(id, (S.unread.get(id) ?? 0) + missed);
  }
}

function take(change) {
  if (change.kind === "hello") return void resync();
  if (S.early) return void S.early.push(change);
  const takers = {
    message: () => takeMessage(change.channel, change.message),
    deleted: () => takeDeleted(change.channel, change.ts),
    ephemeral: () => takeWhisper(change.message),
    ephemeral_gone: () => {
      S.whispers = S.whispers.filter((one) => one.ts !== change.ts);
      drawChannel(false);
    },
    view: () => drawModal(change.view, change.errors),
    failed: () => takeFailure(change),
    channels: () => resync(),
    connected: () => link(change.connected ? "online" : "app offline", change.connected > 0),
  };
  takers[change.kind]?.();
}

function takeMessage(channelId, message) {
  const channel = S.channels.get(channelId);
  if (!channel) return;
  const reply = message.thread_ts && message.thread_ts !== message.ts;
  if (S.thread && S.thread.channel === channelId && (message.thread_ts ?? message.ts) === S.thread.ts) {
    if (reply) S.thread.replies.set(message.ts, message);
    drawThread();
  }
  if (reply && message.subtype !== "thread_broadcast") return;
  const known = channel.messages.has(message.ts);
  if (!known && channel.messages.size && message.ts < [...channel.messages.keys()][0]) return;
  channel.messages.set(message.ts, message);
  if (S.thread?.ts === message.ts) drawThread();
  if (!known && channelId !== S.current) {
    S.unread.set(channelId, (S.unread.get(channelId) ?? 0) + 1);
    drawSidebar();
  }
  if (channelId !== S.current) return;
  const shown = $("messages").querySelector(`[data-ts="${CSS.escape(message.ts)}"]`);
  if (!known || !shown) return void drawChannel(false);
  // A card that grows at the end must not push its own last lines out of sight.
  const follow = atEnd($("messages"));
  shown.replaceWith(drawMessage(message, channelId));
  if (follow) $("messages").scrollTop = $("messages").scrollHeight;
}

const atEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 120;

function takeDeleted(channelId, ts) {
  S.channels.get(channelId)?.messages.delete(ts);
  S.thread?.replies.delete(ts);
  if (channelId === S.current) drawChannel(false);
  if (S.thread) drawThread();
}

function takeWhisper(message) {
  const place = S.whispers.findIndex((one) => one.ts === message.ts);
  if (place < 0) S.whispers.push(message);
  else S.whispers[place] = message;
  if (S.thread && message.thread_ts === S.thread.ts) drawThread();
  if (message.channel === S.current) drawChannel(false);
  else if (place < 0) {
    S.unread.set(message.channel, (S.unread.get(message.channel) ?? 0) + 1);
    drawSidebar();
  }
}

function takeFailure(change) {
  if (!change.ts) return;
  S.troubles.add(`${change.ts} ${change.action_id}`);
  drawChannel(false);
  if (S.thread) drawThread();
}

// ── text ────────────────────────────────────────────────────────────────────

const EMOJI = {
  red_circle: "🔴", large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢",
  large_blue_circle: "🔵", white_circle: "⚪", black_circle: "⚫", warning: "⚠️", rotating_light: "🚨",
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫", eyes: "👀",
  lock: "🔒", unlock: "🔓", key: "🔑", mag: "🔍", mag_right: "🔎", bell: "🔔", no_bell: "🔕",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", clock1: "🕐", calendar: "📅", memo: "📝", pencil: "✏️",
  pencil2: "✏️", information_source: "ℹ️", shield: "🛡️", fire: "🔥", zap: "⚡", bulb: "💡", link: "🔗",
  phone: "☎️", telephone_receiver: "📞", headphones: "🎧", bust_in_silhouette: "👤", busts_in_silhouette: "👥",
  robot_face: "🤖", raised_hand: "✋", wave: "👋", thumbsup: "👍", "+1": "👍", thumbsdown: "👎", "-1": "👎",
  question: "❓", exclamation: "❗", speech_balloon: "💬", point_right: "👉", arrow_right: "➡️",
  arrows_counterclockwise: "🔄", recycle: "♻️", mega: "📣", file_folder: "📁", page_facing_up: "📄",
  scroll: "📜", package: "📦", globe_with_meridians: "🌐", earth_africa: "🌍", tada: "🎉", siren: "🚨",
  checkered_flag: "🏁", stopwatch: "⏱️", bookmark: "🔖", label: "🏷️", bar_chart: "📊", gear: "⚙️", new: "🆕",
};

const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const emojis = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);

const INLINE = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<entity>[^<>\\n]+)>",
    "(?<![\\w*])\\*(?<bold>[^\\s*](?:[^*\\n]*[^\\s*])?)\\*(?![\\w*])",
    "(?<![\\w_])_(?<italic>[^\\s_](?:[^_\\n]*[^\\s_])?)_(?![\\w_])",
    "(?<![\\w~])~(?<strike>[^\\s~](?:[^~\\n]*[^\\s~])?)~(?![\\w~])",
  ].join("|"),
  "g",
);

function inline(text) {
  const nodes = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > from) nodes.push(emojis(plain(text.slice(from, found.index))));
    const { code, entity, bold, italic, strike } = found.groups;
    if (code !== undefined) nodes.push(h("code", {}, plain(code)));
    else if (entity !== undefined) nodes.push(drawEntity(entity));
    else if (bold !== undefined) nodes.push(h("b", {}, inline(bold)));
    else if (italic !== undefined) nodes.push(h("i", {}, inline(italic)));
    else nodes.push(h("s", {}, inline(strike)));
    from = found.index + found[0].length;
  }
  if (from < text.length) nodes.push(emojis(plain(text.slice(from))));
  return nodes;
}

function lines(text) {
  const nodes = [];
  let quote = [];
  const endQuote = () => {
    if (quote.length) nodes.push(h("blockquote", {}, inline(quote.join("\n"))));
    quote = [];
  };
  text.split("\n").forEach((line, place) => {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) return void quote.push(quoted[1]);
    const after = quote.length > 0;
    endQuote();
    if (place && !after) nodes.push("\n");
    nodes.push(...inline(line));
  });
  endQuote();
  return nodes;
}

function mrkdwn(text) {
  const nodes = text
    .split(/```([\s\S]+?)```/)
    .flatMap((part, place) => (place % 2 ? [h("pre", {}, plain(part.replace(/^\n/, "")))] : part ? lines(part) : []));
  return h("span", { class: "text" }, nodes);
}

function drawText(object) {
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  return h("span", { class: "text" }, object.emoji === false ? object.text : emojis(object.text));
}

function drawEntity(entity) {
  const [target, label] = entity.split(/\|(.*)/s);
  if (target.startsWith("!date^")) return drawDate(target, label);
  if (target.startsWith("@")) return mention(userName(target.slice(1)) ?? label ?? target.slice(1));
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!subteam^")) {
    const group = target.slice(9);
    return mention(S.state.groups[group] ?? label ?? group);
  }
  if (target.startsWith("!")) return mention(label || target.slice(1));
  return anchor(plain(target), label === undefined ? plain(target) : emojis(plain(label)));
}

function anchor(url, label) {
  if (!/^(https?:\/\/|mailto:|tel:)/i.test(url)) return label;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label);
}

const mention = (name) => h("span", { class: "mention" }, `@${plain(name).replace(/^@/, "")}`);

function channelLink(id, label) {
  const known = S.channels.get(id);
  const name = `#${known?.name ?? label ?? "private channel"}`;
  return known ? h("button", { class: "mention", type: "button", onclick: () => show(id) }, name) : mention(name);
}

function userName(id) {
  if (id === S.state.bot.id) return S.state.bot.name;
  return S.state.people.find((one) => one.id === id)?.name;
}

const when = (seconds, options) => new Intl.DateTimeFormat("en", options).format(new Date(seconds * 1000));

const seconds = (ts) => Math.floor(Number(ts));

function dayName(seconds, otherwise) {
  const start = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((start(new Date()) - start(new Date(seconds * 1000))) / 864e5);
  return { 0: "today", 1: "yesterday", "-1": "tomorrow" }[days] ?? otherwise;
}

function ago(seconds) {
  const past = Date.now() / 1000 - seconds;
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].find(
    ([step]) => Math.abs(past) >= step,
  ) ?? [1, "second"];
  return new Intl.RelativeTimeFormat("en").format(-Math.round(past / size), unit);
}

function dateText(seconds, format) {
  const date = { year: "numeric", month: "long", day: "numeric" };
  const short = { year: "numeric", month: "short", day: "numeric" };
  const long = { weekday: "long", ...date };
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const tokens = {
    date_num: () => new Date(seconds * 1000).toLocaleDateString("sv"),
    date: () => when(seconds, date),
    date_slash: () => new Date(seconds * 1000).toLocaleDateString("en-GB"),
    date_short: () => when(seconds, short),
    date_long: () => when(seconds, long),
    date_pretty: () => dayName(seconds, when(seconds, date)),
    date_short_pretty: () => dayName(seconds, when(seconds, short)),
    date_long_pretty: () => dayName(seconds, when(seconds, long)),
    time: () => when(seconds, time),
    time_secs: () => when(seconds, { ...time, second: "2-digit" }),
    ago: () => ago(seconds),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => tokens[name]?.() ?? whole);
}

function drawDate(target, fallback) {
  const [, seconds, format, url] = target.split("^");
  if (!/^\d+$/.test(seconds)) return plain(fallback ?? "");
  const shown = dateText(Number(seconds), plain(format ?? "{date} {time}"));
  const node = h("time", { title: plain(fallback ?? ""), datetime: new Date(seconds * 1000).toISOString() }, shown);
  return url ? anchor(url, node) : node;
}

// ── rich text ───────────────────────────────────────────────────────────────

function drawRich(part) {
  const inner = () => part.elements.map(drawRichPiece);
  if (part.type === "rich_text_quote") return h("blockquote", { class: "text" }, inner());
  if (part.type === "rich_text_preformatted") return h("pre", {}, inner());
  if (part.type === "rich_text_list") {
    const items = part.elements.map((one) => h("li", {}, drawRich(one)));
    const list = h(part.style === "ordered" ? "ol" : "ul", {}, items);
    if (part.indent) list.classList.add(`indent${Math.min(part.indent, 4)}`);
    return list;
  }
  return h("span", { class: "text" }, inner());
}

function drawRichPiece(piece) {
  const pieces = {
    text: () => piece.text,
    link: () => anchor(piece.url, piece.text ?? piece.url),
    user: () => mention(userName(piece.user_id) ?? piece.user_id),
    usergroup: () => mention(S.state.groups[piece.usergroup_id] ?? piece.usergroup_id),
    channel: () => channelLink(piece.channel_id),
    emoji: () => EMOJI[piece.name] ?? `:${piece.name}:`,
    broadcast: () => mention(piece.range),
    date: () => dateText(piece.timestamp, piece.format ?? "{date} {time}"),
  };
  let node = pieces[piece.type]?.() ?? "";
  const style = piece.style ?? {};
  if (style.code) node = h("code", {}, node);
  if (style.bold) node = h("b", {}, node);
  if (style.italic) node = h("i", {}, node);
  if (style.strike) node = h("s", {}, node);
  return node;
}

// ── blocks and elements ─────────────────────────────────────────────────────
// `at` says where a block stands: {act(block, element, option, node), ts, errors, held}.

const BLOCKS = {
  header: (block) => h("div", { class: "block header", role: "heading", "aria-level": 3 }, drawText(block.text)),
  divider: () => h("hr", { class: "block divider" }),
  context: (block) =>
    h("div", { class: "block context" }, block.elements.map((one) => (one.type === "image" ? picture(one) : drawText(one)))),
  section: (block, at) =>
    h(
      "div",
      { class: "block section" },
      h(
        "div",
        { class: "body" },
        block.text && drawText(block.text),
        block.fields && h("div", { class: "fields" }, block.fields.map((one) => h("div", {}, drawText(one)))),
      ),
      block.accessory && drawElement(block, block.accessory, at),
    ),
  actions: (block, at) =>
    h("div", { class: "block actions" }, block.elements.map((one) => drawElement(block, one, at))),
  image: (block) =>
    h("div", { class: "block" }, block.title && h("div", { class: "note" }, drawText(block.title)), picture(block)),
  rich_text: (block) => h("div", { class: "block rich" }, block.elements.map(drawRich)),
  input: drawInput,
};

function drawBlocks(blocks, at) {
  return blocks.map((block) => {
    const node = BLOCKS[block.type]?.(block, at) ?? h("div", { class: "block note" }, `[${block.type}]`);
    node.dataset.blockId = block.block_id;
    return node;
  });
}

function picture(one) {
  const inline = /^data:image\//.test(one.image_url ?? "") && one.image_url;
  const src = one.slack_file ? `/page/file/${encodeURIComponent(one.slack_file.id)}` : inline;
  return h("div", { class: "picture" }, src ? h("img", { src, alt: one.alt_text }) : `🖼 ${one.alt_text}`);
}

function drawElement(block, element, at) {
  const drawn = {
    button: drawButton,
    overflow: drawOverflow,
    static_select: drawSelect,
    users_select: drawUserSelect,
    multi_static_select: drawChoices,
    radio_buttons: drawChoices,
    checkboxes: drawChoices,
    plain_text_input: drawTextInput,
    image: (_, one) => picture(one),
  }[element.type];
  const node = drawn ? drawn(block, element, at) : h("span", { class: "note" }, `[${element.type}]`);
  if (!at.ts || !S.troubles.has(`${at.ts} ${element.action_id}`)) return node;
  return h("span", {}, node, h("span", { class: "act-trouble", title: "This did not work. Try again." }, " ⚠"));
}

function drawButton(block, element, at) {
  const press = async () => {
    if (element.url) window.open(element.url, "_blank", "noopener");
    if (await confirmed(element.confirm)) at.act(block, element, undefined, node);
  };
  const node = h(
    "button",
    { class: `act ${element.style ?? ""}`, type: "button", "data-action-id": element.action_id, onclick: press,
      "aria-label": element.accessibility_label },
    drawText(element.text),
  );
  return node;
}

function drawOverflow(block, element, at) {
  const choose = async (one) => {
    list.hidden = true;
    if (one.url) window.open(one.url, "_blank", "noopener");
    if (await confirmed(element.confirm)) at.act(block, element, one.value, opener);
  };
  const list = h(
    "ul",
    { hidden: true },
    element.options.map((one) =>
      h("li", {}, h("button", { type: "button", "data-value": one.value, onclick: () => choose(one) }, drawText(one.text))),
    ),
  );
  const opener = h(
    "button",
    { class: "act", type: "button", "data-action-id": element.action_id, "aria-label": "More", "aria-haspopup": "menu",
      onclick: (event) => { event.stopPropagation(); closeMenus(list); openMenuAt(list); } },
    "⋯",
  );
  return h("span", { class: "overflow" }, opener, list);
}

function openMenuAt(list) {
  list.hidden = !list.hidden;
  list.classList.remove("flipped", "up");
  const place = list.getBoundingClientRect();
  const floor = list.closest("#messages, #replies, .modal-body")?.getBoundingClientRect().bottom ?? window.innerHeight;
  list.classList.toggle("flipped", place.right > window.innerWidth - 8);
  list.classList.toggle("up", place.bottom > floor - 8);
}

function closeMenus(but) {
  document.querySelectorAll(".overflow ul").forEach((one) => { if (one !== but) one.hidden = true; });
}

const held = (block, element, at) => at.held?.[`${block.block_id}/${element.action_id}`];
const keyed = (block, element) => ({ "data-key": `${block.block_id}/${element.action_id}`, "data-action-id": element.action_id });

function drawSelect(block, element, at) {
  const chosen = held(block, element, at) ?? element.initial_option?.value ?? "";
  const item = (one) => h("option", { value: one.value, selected: one.value === chosen }, emojis(one.text.text));
  const items = element.options?.map(item) ??
    element.option_groups.map((group) => h("optgroup", { label: group.label.text }, group.options.map(item)));
  const inMessage = block.type !== "input";
  const node = h(
    "select",
    { class: inMessage ? "act" : "", ...keyed(block, element),
      onchange: async () => {
        if (inMessage && node.value && (await confirmed(element.confirm))) at.act(block, element, node.value, node);
      } },
    h("option", { value: "" }, element.placeholder?.text ?? "Choose…"),
    items,
  );
  return node;
}

function drawUserSelect(block, element, at) {
  const people = S.state.people.filter((one) => one.key !== "deactivated");
  const options = people.map((one) => ({ value: one.id, text: { text: one.name } }));
  const chosen = options.find((one) => one.value === element.initial_user);
  return drawSelect(block, { ...element, options, initial_option: chosen }, at);
}

function drawChoices(block, element, at) {
  const many = element.type !== "radio_buttons";
  const before = many ? element.initial_options?.map((one) => one.value) ?? [] : [element.initial_option?.value];
  const chosen = [held(block, element, at) ?? before].flat();
  const options = element.options ?? element.option_groups.flatMap((group) => group.options);
  const name = `${block.block_id}/${element.action_id}`;
  return h(
    "div",
    { class: "choices", role: many ? "group" : "radiogroup", "data-many": many, ...keyed(block, element) },
    options.map((one) =>
      h(
        "label",
        { class: "choice" },
        h("input", { type: many ? "checkbox" : "radio", name, value: one.value, checked: chosen.includes(one.value),
          onchange: () => { if (block.type !== "input") at.act(block, element, one.value); } }),
        h("span", {}, drawText(one.text), one.description && h("small", {}, drawText(one.description))),
      ),
    ),
  );
}

function drawTextInput(block, element, at) {
  const value = held(block, element, at) ?? element.initial_value ?? "";
  const attrs = { ...keyed(block, element), placeholder: element.placeholder?.text, maxlength: element.max_length ?? 3000 };
  const node = element.multiline ? h("textarea", { ...attrs, rows: 4 }) : h("input", { ...attrs, type: "text" });
  node.value = value;
  return node;
}

function drawInput(block, at) {
  const wrong = at.errors?.[block.block_id];
  const node = h(
    "div",
    { class: `block input${wrong ? " wrong" : ""}` },
    h("span", { class: "label" }, drawText(block.label), block.optional && h("span", { class: "optional" }, " (optional)")),
    drawElement(block, block.element, at),
    wrong && h("div", { class: "error", role: "alert" }, wrong),
    block.hint && h("div", { class: "note" }, drawText(block.hint)),
  );
  node.querySelector("input, textarea, select")?.setAttribute("aria-label", block.label.text);
  return node;
}

function confirmed(dialog) {
  if (!dialog) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (answer) => {
      $("confirm").hidden = true;
      $("shade").hidden = $("modal").hidden;
      resolve(answer);
    };
    $("confirm").replaceChildren(
      h("h2", {}, drawText(dialog.title)),
      h("p", {}, drawText(dialog.text)),
      h(
        "div",
        { class: "confirm-foot" },
        h("button", { class: "act", type: "button", onclick: () => end(false) }, drawText(dialog.deny)),
        h("button", { class: `act ${dialog.style ?? "primary"}`, type: "button", id: "confirm-yes", onclick: () => end(true) },
          drawText(dialog.confirm)),
      ),
    );
    $("confirm").hidden = $("shade").hidden = false;
    $("confirm-yes").focus();
  });
}

// ── messages ────────────────────────────────────────────────────────────────

function drawMessage(message, channelId, inThread = false) {
  const bot = message.user === S.state.bot.id;
  const name = userName(message.user) ?? message.user;
  const act = (block, element, option, node) => press(channelId, message.ts, block, element, option, node);
  const body = message.blocks?.length ? drawBlocks(message.blocks, { act, ts: message.ts }) : [mrkdwn(message.text ?? "")];
  const threadable = !message.is_ephemeral && !inThread;
  return h(
    "article",
    { class: `message${message.is_ephemeral ? " private" : ""}`, "data-ts": message.ts, "data-user": message.user },
    avatar(message.user, name, bot),
    h(
      "div",
      {},
      message.is_ephemeral && h("div", { class: "only" }, "👁 Only visible to you"),
      h("div", {}, h("span", { class: "author" }, name), bot && h("span", { class: "badge" }, "APP"),
        h("time", { class: "time", title: dateText(seconds(message.ts), "{date_long} {time_secs}") }, dateText(seconds(message.ts), "{time}")),
        inThread && !bot && drawShortcuts(message, channelId)),
      body,
      message.edited && h("span", { class: "edited" }, "(edited)"),
      threadable && message.reply_count > 0 && h(
        "div",
        {},
        h("button", { class: "thread-link", type: "button", onclick: () => openThread(channelId, message.ts) },
          h("b", {}, `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`),
          `  Last reply ${dateText(seconds(message.latest_reply), "{date_short_pretty} at {time}")}`),
      ),
    ),
    threadable && !message.reply_count &&
      h("button", { class: "start-thread", type: "button", onclick: () => openThread(channelId, message.ts) }, "💬 Reply in thread"),
  );
}

// A message's own menu: the app's message shortcuts, as Slack keeps them under "More actions".
function drawShortcuts(message, channelId) {
  if (message.is_ephemeral || !S.state.shortcuts.length) return null;
  const list = h("ul", { hidden: true }, S.state.shortcuts.map((one) =>
    h("li", {}, h("button", { type: "button", "data-shortcut": one.callback_id, onclick: async () => {
      list.hidden = true;
      const answer = await ask("/page/shortcut", { channel: channelId, ts: message.ts, callback_id: one.callback_id });
      if (!answer.ok) toast(answer.failed);
    } }, one.name))));
  const opener = h("button", { class: "more", type: "button", "aria-label": "More actions", "aria-haspopup": "menu",
    onclick: (event) => { event.stopPropagation(); closeMenus(list); openMenuAt(list); } }, "⋮");
  return h("span", { class: "overflow shortcuts" }, opener, list);
}

function avatar(user, name, bot) {
  if (bot) return h("div", { class: "avatar bot", "aria-hidden": true }, "CW");
  const tone = [...user].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 7;
  const letters = name.split(" ").map((word) => word[0]).join("").slice(0, 2);
  return h("div", { class: `avatar tone${tone}`, "aria-hidden": true }, letters);
}

async function press(channel, ts, block, element, option, node) {
  if (node?.getAttribute("aria-busy")) return; // a double click is one press, as in Slack
  S.troubles.delete(`${ts} ${element.action_id}`);
  node?.setAttribute("aria-busy", "true");
  const action_id = `${block.block_id}/${element.action_id}`;
  const answer = await ask("/page/press", { channel, ts, action_id, option });
  node?.removeAttribute("aria-busy");
  if (!answer.ok) toast(answer.failed);
}

function drawChannel(jump) {
  const list = $("messages");
  const follow = jump || atEnd(list);
  const channel = S.channels.get(S.current);
  if (!channel) return void list.replaceChildren(h("p", { class: "empty" }, "You are in no channel here."));
  const whispers = S.whispers.filter((one) => one.channel === channel.id && !one.thread_ts);
  const all = [...channel.messages.values(), ...whispers].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const nodes = [];
  let day = "";
  for (const message of all.slice(-300)) {
    const today = dateText(seconds(message.ts), "{date_long_pretty}");
    if (today !== day) nodes.push(h("div", { class: "day" }, today[0].toUpperCase() + today.slice(1)));
    day = today;
    nodes.push(drawMessage(message, channel.id));
  }
  if (!nodes.length) nodes.push(h("p", { class: "empty" }, "Nothing has been said here yet."));
  list.replaceChildren(...nodes);
  if (follow) list.scrollTop = list.scrollHeight;
  const direct = channel.kind === "im";
  const title = direct ? S.state.bot.name : `${channel.kind === "group" ? "🔒" : "#"} ${channel.name}`;
  $("title").textContent = title;
  $("about").textContent = channel.archived ? "archived" : direct ? "Direct messages with the app" : "";
  $("composer").placeholder = `Message ${direct ? title : `#${channel.name}`}`;
}

// ── threads ─────────────────────────────────────────────────────────────────

async function openThread(channel, ts) {
  S.thread = { channel, ts, replies: S.thread?.ts === ts ? S.thread.replies : new Map() };
  $("thread").hidden = false;
  drawThread();
  const query = new URLSearchParams({ channel, ts });
  const answer = await ask(`/page/thread?${query}`);
  if (S.thread?.ts !== ts) return;
  for (const reply of answer.messages ?? []) S.thread.replies.set(reply.ts, reply);
  drawThread();
}

function drawThread() {
  const { channel, ts, replies } = S.thread;
  const parent = S.channels.get(channel)?.messages.get(ts);
  const whispers = S.whispers.filter((one) => one.thread_ts === ts);
  const all = [...replies.values(), ...whispers].sort((a, b) => (a.ts < b.ts ? -1 : 1));
  const count = replies.size;
  $("replies").replaceChildren(
    ...(parent ? [drawMessage(parent, channel, true)] : []),
    h("div", { class: "day" }, `${count} ${count === 1 ? "reply" : "replies"}`),
    ...all.map((one) => drawMessage(one, channel, true)),
  );
  $("replies").scrollTop = $("replies").scrollHeight;
}

function closeThread() {
  S.thread = null;
  $("thread").hidden = true;
  $("replies").replaceChildren();
}

// ── modals ──────────────────────────────────────────────────────────────────

let shownView = null;

function values() {
  const found = {};
  for (const node of $("modal").querySelectorAll("[data-key]")) {
    if (node.matches(".choices")) {
      const chosen = [...node.querySelectorAll("input:checked")].map((one) => one.value);
      found[node.dataset.key] = node.dataset.many === undefined ? chosen[0] ?? "" : chosen;
    } else if (node.matches("input, textarea, select")) found[node.dataset.key] = node.value;
  }
  return found;
}

function drawModal(view, errors) {
  const modal = $("modal");
  const again = view && shownView?.id === view.id;
  const kept = again ? values() : {};
  shownView = view;
  modal.hidden = $("shade").hidden = !view;
  if (!view) return void modal.replaceChildren();
  const act = async (block, element, option, node) => {
    if (node?.getAttribute("aria-busy")) return;
    node?.setAttribute("aria-busy", "true");
    const action_id = `${block.block_id}/${element.action_id}`;
    const answer = await ask("/page/press_in_view", { view_id: view.id, action_id, values: values(), option });
    node?.removeAttribute("aria-busy");
    if (!answer.ok) trouble(answer.failed);
  };
  const close = () => ask("/page/close", { view_id: view.id });
  modal.dataset.viewId = view.id;
  modal.replaceChildren(
    h("div", { class: "modal-head" }, h("h2", { id: "modal-title" }, drawText(view.title)),
      h("button", { type: "button", "aria-label": "Close", onclick: close }, "✕")),
    h("div", { class: "modal-body" }, drawBlocks(view.blocks, { act, errors, held: kept })),
    h("div", { class: "modal-foot" }, h("span", { class: "trouble", role: "alert" }),
      h("button", { class: "act", type: "button", id: "modal-close", onclick: close }, view.close ? drawText(view.close) : view.submit ? "Cancel" : "Close"),
      view.submit && h("button", { class: "act primary", type: "submit", id: "modal-submit" }, drawText(view.submit))),
  );
  if (!again) modal.querySelector(".modal-body input, .modal-body textarea, .modal-body select")?.focus();
}

const trouble = (sentence) => { const at = $("modal").querySelector(".trouble"); if (at) at.textContent = sentence; };

function missing(view, given) {
  const errors = {};
  for (const block of view.blocks) {
    if (block.type !== "input" || block.optional) continue;
    const value = given[`${block.block_id}/${block.element.action_id}`];
    if (!value || !value.length) errors[block.block_id] = "Please complete this required field.";
  }
  return errors;
}

async function submit(event) {
  event.preventDefault();
  const view = shownView;
  if (!view) return;
  const given = values();
  const errors = missing(view, given);
  if (Object.keys(errors).length) return void drawModal(view, errors);
  const button = $("modal-submit");
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  trouble("");
  const answer = await ask("/page/submit", { view_id: view.id, values: given });
  button.removeAttribute("aria-busy");
  if (!answer.ok) trouble(answer.failed);
}

// ── sidebar ─────────────────────────────────────────────────────────────────

function drawPeople() {
  const options = S.state.people
    .filter((one) => one.key !== "deactivated")
    .map((one) => h("option", { value: one.key, selected: one.key === S.person }, `${one.name} · ${one.title}`));
  $("person").replaceChildren(...options);
}

function drawSidebar() {
  const item = (one) => {
    const count = S.unread.get(one.id) ?? 0;
    const mark = one.kind === "im" ? "🛡" : one.kind === "group" ? "🔒" : "#";
    return h(
      "li",
      {},
      h("button", { type: "button", "data-channel": one.id, class: count ? "unread" : "",
        "aria-current": one.id === S.current && "page", onclick: () => show(one.id) },
        h("span", {}, mark), h("span", { class: "name" }, one.kind === "im" ? S.state.bot.name : one.name),
        count > 0 && h("span", { class: "count" }, String(count))),
    );
  };
  const all = [...S.channels.values()];
  $("channels").replaceChildren(...all.filter((one) => one.kind !== "im").map(item));
  $("direct").replaceChildren(...all.filter((one) => one.kind === "im").map(item));
}

function show(id) {
  S.current = id;
  S.unread.delete(id);
  closeThread();
  openMenu(false);
  history.replaceState(null, "", `?${new URLSearchParams({ person: S.person, channel: id })}`);
  drawSidebar();
  drawChannel(true);
}

function openMenu(open) {
  document.body.classList.toggle("menu", open);
  $("menu").setAttribute("aria-expanded", String(open));
}

function link(text, on) {
  $("link").textContent = text;
  $("link").classList.toggle("on", on);
}

function toast(sentence) {
  const node = h("div", { class: "toast" }, sentence);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 8000);
}

// ── composer ────────────────────────────────────────────────────────────────

let picked = 0;

function offered() {
  const text = $("composer").value;
  if (!/^\/\S*$/.test(text)) return [];
  return S.state.commands.filter((one) => one.command.startsWith(text));
}

function drawCommands() {
  const list = offered();
  picked = Math.min(picked, Math.max(0, list.length - 1));
  $("commands").hidden = !list.length;
  $("commands").replaceChildren(
    ...list.map((one, place) =>
      h("li", { role: "option", "data-command": one.command, "aria-selected": String(place === picked),
        onmousedown: (event) => { event.preventDefault(); complete(one); } },
        h("b", {}, one.command), h("span", { class: "usage" }, one.usage_hint), h("small", {}, one.description)),
    ),
  );
  const word = $("composer").value.split(/\s/)[0];
  const known = S.state.commands.find((one) => one.command === word);
  $("typed").textContent = known && $("commands").hidden ? `${known.command} ${known.usage_hint}` : "";
}

function complete(command) {
  $("composer").value = `${command.command} `;
  $("composer").focus();
  drawCommands();
}

function composerKey(event) {
  const list = offered();
  if (list.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    picked = (picked + (event.key === "ArrowDown" ? 1 : list.length - 1)) % list.length;
    drawCommands();
  } else if (list.length && (event.key === "Tab" || (event.key === "Enter" && list[picked].command !== $("composer").value))) {
    event.preventDefault();
    complete(list[picked]);
  } else sendKey(event);
}

function sendKey(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
}

async function send(event) {
  event.preventDefault();
  const text = $("composer").value.trim();
  if (!text) return;
  $("composer").value = "";
  drawCommands();
  const [, command, rest] = text.match(/^(\/\S+)\s*([\s\S]*)$/) ?? [];
  const answer = command
    ? await ask("/page/slash", { channel: S.current, command, text: rest })
    : await ask("/page/say", { channel: S.current, text });
  if (!answer.ok) toast(answer.failed);
}

async function reply(event) {
  event.preventDefault();
  const text = $("thread-composer").value.trim();
  if (!text || !S.thread) return;
  $("thread-composer").value = "";
  const answer = await ask("/page/say", { channel: S.thread.channel, text, thread: S.thread.ts });
  if (!answer.ok) toast(answer.failed);
}

// ── start ───────────────────────────────────────────────────────────────────

$("person").addEventListener("change", (event) => {
  S.person = event.target.value;
  S.unread.clear();
  S.troubles.clear();
  closeThread();
  history.replaceState(null, "", `?${new URLSearchParams({ person: S.person, channel: S.current })}`);
  connect();
});
$("menu").addEventListener("click", () => openMenu(!document.body.classList.contains("menu")));
$("messages").addEventListener("click", () => openMenu(false));
$("thread-close").addEventListener("click", closeThread);
$("compose").addEventListener("submit", send);
$("composer").addEventListener("input", () => { picked = 0; drawCommands(); });
$("composer").addEventListener("keydown", composerKey);
$("reply").addEventListener("submit", reply);
$("thread-composer").addEventListener("keydown", sendKey);
$("modal").addEventListener("submit", submit);
document.addEventListener("click", () => closeMenus());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (shownView) $("modal-close").click();
  else if (S.thread) closeThread();
  else openMenu(false);
});
connect();
