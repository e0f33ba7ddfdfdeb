// timeline.js SCENE.json: draws who waits for whom in a recorded run, as SVG.
//
// The same scale and the same rows in every picture, so that they can be laid
// side by side: first the clients, then the threads of the server. What is too
// short to be seen is drawn MIN_WIDTH wide.

const fs = require('node:fs');
const { replay, rows_of } = require('../step/kernel.js');
const { css, patterns, escape, text_width } = require('./style.js');

const scene = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const states = replay(scene);

const MOVING_MS = 10; // bytes that come sooner after others are one move
const AGAIN_MS = 10;  // less than that of EAGAIN is the end of a turn
const SHORT_MS = 25;  // less than that is no wait, and is not told in words

const WIDTH = 800, LEFT = 118, RIGHT = 20, TOP = 62, BAR = 26, FUSE = 14;
const CLIENT_PITCH = 54, THREAD_PITCH = 38, MIN_WIDTH = 3, SIZE = 13;
const SCALE = (WIDTH - LEFT - RIGHT) / scene.end_ms;

const lessons = {
  '01': 'One thread waits for A, and B and C wait for the thread',
  '02': 'Each client has a thread that waits for it, and no other has to',
  '03': 'The server never sleeps: it asks each client all the time, ' +
    'for nothing',
  '04': 'The server sleeps until the kernel says which client is ready',
  '05': "kevent instead of epoll_wait: another kernel's word, the same picture",
  '06': 'A silent client is cut off at its deadline; the others notice nothing',
};
const notes = { '05': ' On Linux, kevent sleeps in epoll_wait.',
  '06': ` Its --timeout is ${scene.timeout_ms / 1e3} s.` };
const short = { silent: 'silent', backlog: 'in the backlog', echo: 'waits',
  flood: 'reads nothing', again: 'EAGAIN' };
const meanings = {
  silent: 'connected, and silent',
  backlog: 'connected, and in the backlog',
  echo: 'waits for its echo',
  flood: 'sends, and reads nothing',
  drain: 'reads',
  fuse: 'the time left until its deadline',
  wait: 'sleeps in the call that is named',
  run: 'runs',
  again: 'runs, but every call says EAGAIN',
};
const lesson = lessons[scene.name] ?? scene.title;

// --- what is in the picture --------------------------------------------------

const is_name = (row) => row.length === 1; // of a client

// Spans { what, from, to, call }, as they are drawn.
function spans_of(spans) {
  const shown = [];
  for (let [what, from, to, call] of spans) {
    if (what === 'backlog' && to - from < SHORT_MS) what = 'silent';
    if (what === 'flood' && to - from < SHORT_MS) what = 'echo';
    if (what === 'again' && to - from < AGAIN_MS) what = 'run';
    if (scene.name === '05') call = call?.replace('epoll_wait', 'kevent');
    const last = shown.at(-1);
    if (last?.what === what && last.call === call) last.to = to;
    else shown.push({ what, from, to, call });
  }
  return shown.filter(({ what, from, to }) => what && to > from);
}

// What a client does in a moment: [ms, words]. A flood is one.
function marks_of(name) {
  const marks = [];
  scene.steps.forEach(([ms, who, verb, , words], i) => {
    if (who !== name) return;
    const { ended, closed_ms } = states[i].clients[name] ?? {};
    const is_cut_off = closed_ms !== undefined && !ended;
    const said = { connect: 'connects', send: words ?? 'sends',
      hear: words ? 'echo' : 'reads',
      leave: is_cut_off ? 'is cut off' : 'leaves' }[verb];
    if (said && said !== marks.at(-1)?.[1]) marks.push([ms, said]);
  });
  return marks;
}

// Every byte that moves lights a new fuse. While bytes keep moving it is whole.
// [from, to, left]: which part of it is left in the end.
function fuses_of(name) {
  const fuses = [], moved = [];
  for (const { clients: { [name]: client } } of states) {
    const lit = client?.deadline_ms - scene.timeout_ms;
    if (lit > (moved.at(-1) ?? -1)) moved.push(lit);
  }
  moved.push(states.at(-1).clients[name].closed_ms);
  let whole = moved[0];
  moved.forEach((ms, i) => {
    const burnt = ms - moved[i - 1];
    if (!(burnt >= MOVING_MS)) return;
    fuses.push([whole, moved[i - 1], 1],
      [moved[i - 1], ms, Math.max(0, 1 - burnt / scene.timeout_ms)]);
    whole = ms;
  });
  fuses.push([whole, moved.at(-1), 1]);
  return fuses.filter(([from, to]) => to > from);
}

const rows = Object.entries(rows_of({ scene, states }))
  .sort(([a], [b]) => is_name(b) - is_name(a))
  .map(([name, spans]) => ({ name, spans: spans_of(spans),
    marks: is_name(name) ? marks_of(name) : [],
    fuses: is_name(name) && scene.timeout_ms ? fuses_of(name) : [] }));
const seen = new Set(rows.flatMap((row) => row.spans.map(({ what }) => what)));
if (scene.timeout_ms) seen.add('fuse');

// What the picture shows, for readers who cannot see it. Spans of the same kind
// with little between them are told as one.
function describe() {
  const told = rows.map(({ name, spans, marks }) => {
    const spells = [];
    for (const { what, from, to, call } of spans) {
      const words = what === 'wait' ? `sleeps in ${call}` : meanings[what];
      const last = spells.at(-1);
      if (to - from < SHORT_MS) continue;
      if (last?.words === words && from - last.to < SHORT_MS) last.to = to;
      else spells.push({ words, from, to });
    }
    const who = `${is_name(name) ? 'Client' : 'The'} ${name}`;
    const moments = marks.map(([ms, said]) => `${said} at ${Math.floor(ms)}`);
    return `${who}${moments.length ? ` (${moments.join(', ')} ms)` : ''}: ` +
      spells.map(({ words, from, to }) =>
        `${words} from ${Math.floor(from)} to ${Math.floor(to)} ms`).join('; ');
  });
  return `${[lesson, ...told].join('. ')}.`;
}

// --- how it is drawn ---------------------------------------------------------

const svg = [];
const round = (number) => Math.round(number * 10) / 10;
const x_of = (ms) => round(LEFT + ms * SCALE);

function text(style, x, y, words, anchor) {
  const given = (style && ` class="${style}"`) +
    (anchor ? ` text-anchor="${anchor}"` : '');
  svg.push(`<text${given} x="${round(x)}" y="${round(y)}">` +
    `${escape(words)}</text>`);
}

function box(style, x, y, width, height, rx) {
  svg.push(`<rect ${style} x="${round(x)}" y="${round(y)}" ` +
    `width="${round(width)}" height="${height}" rx="${rx}"/>`);
}

function patterned(what, ...place) {
  box(`class="${what}"`, ...place);
  if (what in patterns) box(`fill="url(#${what})"`, ...place);
}

// In a span are its words, if there is room. A pattern in their way is covered.
function draw_words({ what, from, call }, width, y) {
  const words = call ?? short[what] ?? '', room = text_width(words, SIZE) + 10;
  if (!words || room + 2 > width) return;
  const middle = x_of(from) + width / 2;
  if (what in patterns)
    box(`class="on-${what}"`, middle - room / 2, y + 4, room, 18, 3);
  text('', middle, y + 17.5, words, 'middle');
}

// Those that are short lie on top of those that are long.
function draw_spans({ spans, y }) {
  const width_of = ({ from, to }) => (to - from) * SCALE;
  const is_short = (span) => width_of(span) < MIN_WIDTH * 2;
  for (const span of [...spans].sort((a, b) => is_short(a) - is_short(b))) {
    const width = Math.max(MIN_WIDTH, width_of(span));
    patterned(span.what, x_of(span.from), y, width, BAR, width > 6 ? 3 : 0);
    draw_words(span, width, y);
  }
}

// Below a client's bar, it burns down.
function draw_fuses({ fuses, y }) {
  const base = y + BAR + 2 + FUSE;
  for (const [from, to, left] of fuses)
    svg.push(`<path class="fuse" d="M${x_of(from)} ${base}V${base - FUSE}` +
      `L${x_of(to)} ${round(base - FUSE * left)}V${base}Z"/>`);
}

// Words that would run into those before them join them.
function draw_marks({ marks, y }) {
  const said = [];
  for (const [ms, words] of marks) {
    const last = said.at(-1), x = x_of(ms);
    if (last && x < last.x + text_width(last.words, SIZE) + 6)
      last.words += `, ${words}`;
    else said.push({ x, words });
  }
  for (const { x, words } of said) {
    const fits = x + text_width(words, SIZE) <= WIDTH - 8;
    svg.push(`<path class="mark" d="M${x} ${y - 6}v5"/>`);
    text('', fits ? x : WIDTH - 8, y - 8, words, fits ? undefined : 'end');
  }
}

// Returns where its last line stands.
function draw_legend(title, list, y) {
  let x = LEFT;
  text('soft', 20, y, title);
  for (const what of list.filter((one) => seen.has(one))) {
    const width = text_width(meanings[what], SIZE);
    if (x > LEFT && x + 30 + width > WIDTH - RIGHT) [x, y] = [LEFT, y + 24];
    patterned(what, x, y - 11, 20, 14, 2);
    text('', x + 26, y, meanings[what]);
    x += width + 42;
  }
  return y;
}

// A client's row has its words above the bar. Returns where the last row ends.
function draw_rows() {
  let y = TOP, server;
  text('soft', 20, TOP + 4, 'clients');
  for (const row of rows) {
    if (!is_name(row.name) && !server) {
      server = y += 22;
      text('soft', 20, y - 6, 'server');
      svg.push(`<path class="grid" d="M20 ${y - 22}H${WIDTH - RIGHT}"/>`);
    }
    row.y = is_name(row.name) ? y + 18 : y;
    text(is_name(row.name) ? 'name' : '', 20, row.y + 18, row.name);
    draw_spans(row);
    draw_fuses(row);
    draw_marks(row);
    y += is_name(row.name) ? CLIENT_PITCH : THREAD_PITCH;
    if (is_name(row.name) && scene.timeout_ms) y += FUSE;
  }
  return y;
}

function draw_axis(bottom) {
  for (let ms = 0; ms <= scene.end_ms; ms += 200) {
    svg.unshift(`<path class="grid" d="M${x_of(ms)} ${TOP}V${bottom}"/>`);
    text('soft', x_of(ms), bottom + 17, ms || '0 ms',
      ms < scene.end_ms ? 'middle' : 'end');
  }
}

function draw() {
  text('lesson', 20, 34, lesson);
  const bottom = draw_rows();
  draw_axis(bottom);
  const middle = draw_legend('a client',
    ['silent', 'backlog', 'echo', 'flood', 'drain', 'fuse'], bottom + 46);
  const last = draw_legend('the server', ['wait', 'run', 'again'], middle + 26);
  const spans = rows.flatMap((row) => row.spans);
  const busy_ms = spans.filter(({ what }) => /run|again/.test(what))
    .reduce((sum, { from, to }) => sum + to - from, 0);
  const refused = scene.steps
    .filter((step) => /EAGAIN/.test(scene.texts[step[2]]))
    .reduce((sum, step) => sum + (step[5] ?? 1), 0);
  text('soft', 20, last + 32, 'Recorded with strace, which slows it down. ' +
    `The server ran for ${Math.round(busy_ms)} of ${scene.end_ms} ms.` +
    (notes[scene.name] ?? '') +
    (seen.has('again') ? ` ${refused} calls said EAGAIN.` : ''));
  return last + 52;
}

const height = draw();
console.log(`<svg xmlns="http://www.w3.org/2000/svg" role="img" \
viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" \
aria-labelledby="title desc">
<title id="title">${escape(lesson)}</title>
<desc id="desc">${escape(describe())}</desc>
<style>
${css}
</style>
${Object.values(patterns).join('\n')}
<rect class="paper" x="0.5" y="0.5" rx="8" \
width="${WIDTH - 1}" height="${height - 1}"/>
${svg.join('\n')}
</svg>`);
