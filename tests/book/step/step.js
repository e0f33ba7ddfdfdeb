// step.js: the page on which one steps through a recorded run.
//
// kernel.js says what the kernel holds after each step; here it is shown. A run
// beside another is stepped through on one timeline: a moment is how many steps
// each of them has taken.

const by_id = (id) => document.getElementById(id);
const scenes = {};
const runs = []; // those that are shown: { scene, states, panel, line }
let moments = [[0]], at = 0, playing;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function amount(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

const scene_of = (name) => scenes[name] ??= JSON.parse(by_id(`scene-${name}`).textContent);

const file_of = (scene, frame) => Object.keys(scene.files)[frame[0]];
const state_of = (run) => run.states[moments[at][run.number]];
const step_of = (run) => run.scene.steps[moments[at][run.number] - 1];

// --- what a step is, in a sentence -----------------------------------------------

// One for each kind of step. $who is the client, $fd its descriptor.
const sentences = {
  'begin': 'The server is about to start. Step with → or ▶.',
  'connect': '$who connects. The kernel completes the connection by itself and puts it into the backlog, where it waits to be accepted.',
  'send': '$who sends $bytes. This waits in the receive buffer until the server reads it.',
  'hear': '$who reads its echo: $bytes.',
  'finish': '$who will send no more (it half-closes): the server will read an end of file.',
  'end': '$who reads an end of file: the server has closed.',
  'lost': '$who hears that its connection was reset.',
  'leave': '$who closes its connection.',
  'leave unread': '$who closes its connection with an echo unread, so its kernel sends a reset.',
  'abort': '$who closes with a reset: nothing more can be read or written.',
  'socket': 'The server makes a socket.',
  'bind': 'The socket gets its address.',
  'listen': 'From now on the kernel accepts connections on this address, into the backlog.',
  'ioctl': '[$fd] becomes non-blocking: a call that can do nothing now says EAGAIN instead of sleeping.',
  'signalfd4': 'Signals become a descriptor that can be read, like a client.',
  'epoll_create1': 'The kernel makes an epoll instance: an interest list and a ready list.',
  'epoll_ctl ADD': 'The kernel is told to watch [$fd] for $events: it joins the interest list.',
  'epoll_ctl MOD': 'The server sets its interest in [$fd] to $events, and the kernel looks at once.',
  'epoll_ctl DEL': 'The kernel stops watching [$fd].',
  'accept asleep': 'The thread sleeps in accept until a client connects. It can do nothing else.',
  'accept': 'accept takes $who out of the backlog and gives it a descriptor, [$fd].',
  'accept EAGAIN': 'The server asks for a new client: not now (EAGAIN).',
  'accept EAGAIN early': 'The server asks for a new client: not now (EAGAIN). The handshake of $who is not over yet.',
  'accept EMFILE': 'A client waits in the backlog, but no descriptor is left for it.',
  'read asleep': 'The thread sleeps in read until $who sends something. It can do nothing else.',
  'read': 'The server reads $bytes from $who: they leave the receive buffer.',
  'read end': 'The server reads an end of file: $who has sent all it had.',
  'read EAGAIN': 'The server asks whether $who has sent something: not now (EAGAIN).',
  'read ECONNRESET': 'The server learns that $who has reset the connection.',
  'write asleep': 'The send buffer is full because $who does not read. The thread sleeps in write until there is room.',
  'write': 'The server writes $bytes into the send buffer. The kernel brings them to $who.',
  'write part': 'The send buffer takes only $bytes. The server keeps the rest, and now waits for room.',
  'write EAGAIN': 'The send buffer of $who is full: not now (EAGAIN).',
  'write EPIPE': 'The server cannot write any more: $who is gone.',
  'write ECONNRESET': 'The server cannot write any more: $who has reset the connection.',
  'close': 'The server closes the connection of $who. The number [$fd] is free again.',
  'epoll_wait asleep': 'Nothing is ready, so the thread sleeps in epoll_wait. Any descriptor of the interest list can wake it.',
  'epoll_wait': 'epoll_wait returns what is in the ready list: $who. The server has to ask no other.',
  'epoll_wait nothing': 'epoll_wait returns with nothing: the time is up.',
  'poll asleep': 'The server hands the whole list to the kernel and sleeps in poll until a descriptor in it is ready.',
  'poll': 'poll has marked in the list which descriptors are ready: $who. The server looks through all of it.',
  'poll nothing': 'poll returns with nothing: the time is up.',
  'clock_nanosleep asleep': 'The server sleeps, so as not to ask again at once.',
  'clock_nanosleep': 'The server has slept long enough, and tries again.',
  'clone3': 'A new thread begins. It will serve one client, and sleep for it.',
  'exit': 'The thread ends: its client is gone.',
};

function kind_of(call, phase) {
  if (phase === ASLEEP) return `${call.name} asleep`;
  const also = call.name === 'epoll_ctl' ? /CTL_(\w+)/.exec(call.args)[1] : call.error ||
    (call.result === 0 && (call.name === 'read' ? 'end' : /poll|epoll_wait/.test(call.name) && 'nothing')) ||
    (call.name === 'write' && call.result < parseInt(call.args.match(/\d+$/), 10) && 'part');
  return also ? `${call.name} ${also}` : call.name.replace(/^clone$/, 'clone3');
}

const client_calls = { send: 'write', hear: 'read', finish: 'shutdown', leave: 'close',
  end: 'read, end of file', lost: 'ECONNRESET', abort: 'close, with a reset' };

const watched = (args) => [/IN\b/.test(args) && 'IN (something to read)',
  /OUT\b/.test(args) && 'OUT (room to write)'].filter(Boolean).join(' and ') || 'nothing';

// The words of a step: what kind it is, of whom, how strace prints it, what
// happened.
function words_of(run, number) {
  const { scene } = run, step = scene.steps[number - 1];
  if (!step) return { kind: 'begin', call: '(nothing yet)', said: sentences.begin };
  if (is_client(step)) {
    const [, who, verb, bytes, words] = step;
    const what = bytes ? words ? `“${words}”` : amount(bytes) : '';
    const is_reset = verb === 'leave' && run.states[number].clients[who].reset;
    const kind = is_reset ? 'leave unread' : verb;
    return { kind, who, call: `client ${who}: ${client_calls[verb] ?? verb}${what && ` ${what}`}`,
      said: sentences[kind].replace('$who', who).replace('$bytes', what) };
  }
  const call = call_of(scene, step), kind = kind_of(call, step[4]);
  const before = run.states[number - 1], after = run.states[number];
  const fd = call.name === 'epoll_ctl' ? Number(/CTL_\w+, (\d+)/.exec(call.args)[1]) :
    call.name === 'accept' ? call.result : call.fd;
  const early = kind === 'accept EAGAIN' && before.backlog[0];
  const who = early || (/^(poll|epoll_wait)$/.test(kind) && ready_in(call).map((one) => named(before, one.fd)).join(', ')) ||
    after.names[fd] || before.names[fd];
  const said = (sentences[early ? `${kind} early` : kind] ?? `${call.name} returns${call.error && ` with ${call.error}`}.`)
    .replaceAll('$who', who || 'the client').replaceAll('[$fd]', named(kind === 'accept' ? before : after, fd))
    .replaceAll('$bytes', amount(call.result)).replaceAll('$events', watched(call.args));
  return { kind, who, said: step[5] ? `${said} It goes round like this ${step[5]} times.` : said,
    call: step[4] === ASLEEP ? `${call.name}(${isNaN(call.fd) ? '' : `${call.fd}, `}<unfinished ...>` :
      call.text.replace(/(-1 E\w+) \(.*/, '$1') };
}

// --- the source -----------------------------------------------------------------

// The call of the thread that was seen last.
const server_step = (run) => run.scene.steps.slice(0, moments[at][run.number])
  .findLast((step) => !is_client(step) && run.scene.stacks[step[3]].length);

function show_source(run) {
  const { scene, panel } = run, step = server_step(run);
  const bar = panel.querySelector('.stack'), pre = panel.querySelector('pre');
  // strace prints the stack of the last call twice.
  const all = step && scene.stacks[step[3]];
  const frames = step ? all.slice(all.findLastIndex((frame) => frame[2] === all[0][2])) : [[Object.keys(scene.files)
    .findIndex((file) => file.startsWith(scene.stage)), 1, 'main']];
  if (run.frame === undefined || run.frame >= frames.length) run.frame = frames.findLastIndex(
    (frame) => /(server|connection|poller|channel)\.c$/.test(file_of(scene, frame)));
  if (run.frame < 0) run.frame = frames.length - 1;
  bar.replaceChildren(...frames.map((frame, i) => {
    const button = make('button', { type: 'button', ariaPressed: i === run.frame,
      textContent: frame[2], title: `${file_of(scene, frame)}:${frame[1]}` });
    button.onclick = () => { run.frame = i; show_source(run); };
    return button;
  }));
  bar.scrollLeft = bar.children[run.frame].offsetLeft - bar.clientWidth / 2;
  const file = file_of(scene, frames[run.frame]);
  if (pre.dataset.file !== file) {
    pre.dataset.file = file;
    pre.ariaLabel = `Source of ${scene.name}: ${file}`;
    pre.replaceChildren(...scene.files[file].trimEnd().split('\n').map((line, i) =>
      make('span', {}, make('i', { textContent: i + 1 }), line || ' ')));
  }
  for (const line of pre.querySelectorAll('[class]')) line.removeAttribute('class');
  const asleep = step && step[4] === ASLEEP ? ' asleep' : '';
  frames.forEach((frame, i) => {
    if (file_of(scene, frame) !== file || !step) return;
    pre.children[frame[1] - 1].className = i === run.frame ? `here${asleep}` : 'caller';
  });
  const here = pre.querySelector('.here');
  pre.scrollTo(0, here ? here.offsetTop - pre.clientHeight / 2 : 0);
}

// --- the kernel -----------------------------------------------------------------

const heading = (words) => make('h3', { textContent: words });
const line = (words, list) => make('div', { className: 'line' }, heading(words), list);

function chips(items, none = 'empty') {
  return make('ul', { className: 'chips' }, ...(items.length ? items : [['none', none]])
    .map(([className, words]) => make('li', { className, textContent: words })));
}

function named(state, fd) {
  const name = { [state.listener]: 'listener', [state.signals]: 'signals' }[fd] ?? state.names[fd];
  return `[${fd}]${name ? ` ${name}` : ''}`;
}

function bar(part, colour) {
  const element = make('span', { className: 'bar' });
  element.style.setProperty('--part', `${Math.min(100, part * 100)}%`);
  element.style.setProperty('--colour', `var(--${colour})`);
  return element;
}

// A byte can be seen, and so can the difference between two megabytes.
function bytes_cell(bytes, colour) {
  return make('td', {}, amount(bytes), bar(Math.log10(1 + bytes) / 7, colour));
}

function client_row(run, client, ms) {
  const where = client.fd !== null ? `[${client.fd}]` : client.accepted_ms !== undefined ?
    'closed' : client.left ? 'gone' : 'in the backlog';
  const row = make('tr', {}, make('th', { scope: 'row', textContent: `${client.name} ${where}` }),
    bytes_cell(unread(client), 'backlog'), bytes_cell(unsent(client), 'echo'),
    bytes_cell(unheard(client), 'flood'));
  const left = client.deadline_ms - ms;
  if (run.scene.timeout_ms) row.append(client.fd === null ? make('td', { textContent: '–' }) :
    make('td', {}, `${Math.round(left)} ms`, bar(Math.max(0, left) / run.scene.timeout_ms, 'echo')));
  return row;
}

// How many calls there were after each step, and how many could do nothing.
function count_calls({ steps, texts }) {
  let all = 0, vain = 0;
  return [[0, 0], ...steps.map((step) => {
    const times = is_client(step) || step[4] === ASLEEP ? 0 : step[5] ?? 1;
    return [all += times, vain += /EAGAIN/.test(texts[step[2]]) ? times : 0];
  })];
}

function show_kernel(run) {
  const state = state_of(run), step = step_of(run), ms = step?.[0] ?? 0;
  const head = ['client', 'receive buffer', 'in the server', 'send buffer'];
  if (run.scene.timeout_ms) head.push('time left');
  const clients = Object.values(state.clients);
  const parts = [line('Backlog', chips(state.backlog.map((name) => ['backlog', name]))),
    clients.length ? make('table', {},
      make('thead', {}, make('tr', {}, ...head.map((words) =>
        make('th', { scope: 'col', textContent: words })))),
      make('tbody', {}, ...clients.map((client) => client_row(run, client, ms)))) :
      line('Clients', chips([], 'none yet'))];
  if (clients.length) parts.push(make('small', { textContent: 'A buffer is counted with the one at the ' +
    'other end: all that one side has written and the other has not read. Bars are logarithmic.' }));
  if (state.poller !== undefined) parts.push(line('Interest list',
    chips(Object.entries(state.interest).map(([fd, events]) =>
      ['', `${named(state, fd)} ${events === '0' ? 'nothing' : events.replaceAll('EPOLL', '')}`]))),
  line('Ready list', chips(ready_list(state).map((fd) => ['run', named(state, fd)]))));
  if (/^03/.test(run.scene.stage)) {
    const call = step && !is_client(step) ? call_of(run.scene, step) : {};
    const ready = call.name === 'poll' ? ready_in(call).map((one) => one.fd) : [];
    parts.push(line('Server’s list', chips(state.list.map((fd) => ready.includes(fd) ?
      ['run', `${named(state, fd)} ← ready`] : fd === call.fd && /accept|read|write/.test(call.name) ?
        ['now', `${named(state, fd)} ← asked`] : ['', named(state, fd)]))));
  }
  if (run.scene.timeout_ms) parts.push(line('Deadlines', chips(state.queue.map((fd) =>
    ['', named(state, fd)]))));
  parts.push(line('Threads', chips(state.threads.map((thread, i) => [thread, i])
    .filter(([thread]) => !thread.gone).map(([thread, i]) => thread.asleep ?
      ['wait', `${thread_name(run, i)} sleeps in ${thread.asleep}`] : ['run', `${thread_name(run, i)} runs`]))));
  const [all, vain] = run.calls[moments[at][run.number]];
  parts.push(line('Calls', chips([], `${all} so far, ${vain} said EAGAIN`)));
  run.panel.querySelector('.kernel').replaceChildren(...parts);
}

function show_terminals(run) {
  const step = step_of(run), names = Object.values(run.scene.ports).sort();
  run.panel.querySelector('.terminals').replaceChildren(...names.map((name) =>
    make('div', { className: step?.[1] === name ? 'news' : '' }, heading(name),
      ...(state_of(run).clients[name]?.lines ?? []).slice(-4).map((line) =>
        make('p', { textContent: line })))));
}

// --- the timeline ---------------------------------------------------------------

const meanings = { silent: 'connected, and silent', backlog: 'in the backlog',
  echo: 'waits for its echo', flood: 'its echo is there, unread', drain: 'reads',
  wait: 'sleeps', run: 'runs', again: 'runs, but every call says EAGAIN' };

function draw_timeline(run) {
  const percent = (ms) => `${ms / run.scene.end_ms * 100}%`;
  run.line = make('div', { className: 'timeline' }, ...Object.entries(rows_of(run))
    .map(([name, spans]) => {
      const lane = make('div', {}, ...spans.filter(([what]) => what).map(([what, from, to]) => {
        const span = make('i', { className: what, title: meanings[what] });
        Object.assign(span.style, { left: percent(from), width: percent(to - from) });
        return span;
      }), make('i', { className: 'needle' }));
      lane.onpointerdown = lane.onpointermove = (event) => {
        if (!event.buttons) return;
        const box = lane.getBoundingClientRect();
        go(moment_at((event.clientX - box.left) / box.width * run.scene.end_ms));
      };
      return make('div', { className: 'row', ariaHidden: true }, make('b', { textContent:
        runs.length > 1 ? `${run.scene.name} ${name}` : name }), lane);
    }));
  return run.line;
}

// --- moving ---------------------------------------------------------------------

const ms_of = (moment) => Math.max(0, ...runs.map((run) =>
  run.scene.steps[moment[run.number] - 1]?.[0] ?? 0));

function moment_at(ms) {
  const next = moments.findIndex((moment) => ms_of(moment) > ms);
  return next < 0 ? moments.length - 1 : Math.max(0, next - 1);
}

function show() {
  const ms = ms_of(moments[at]);
  for (const run of runs) {
    const { kind, call, said } = words_of(run, moments[at][run.number]);
    const step = step_of(run), { panel, number } = run;
    panel.classList.toggle('moved', at > 0 && moments[at][number] > moments[at - 1][number]);
    panel.querySelector('.call').className = `call${/asleep/.test(kind) ? ' asleep' :
      /EAGAIN/.test(kind) ? ' again' : step && is_client(step) ? ' client' : ''}`;
    panel.querySelector('.call code').textContent = call;
    panel.querySelector('.said').ariaLive = playing ? 'off' : 'polite';
    panel.querySelector('.said').textContent = said;
    show_source(run);
    show_kernel(run);
    show_terminals(run);
    for (const needle of run.line.querySelectorAll('.needle'))
      needle.style.left = `${ms / run.scene.end_ms * 100}%`;
  }
  by_id('time').value = ms;
  by_id('where').textContent = runs.map((run) =>
    `step ${moments[at][run.number]} of ${run.scene.steps.length}`).join(' and ') + `, ${ms} ms`;
  by_id('time').setAttribute('aria-valuetext', by_id('where').textContent);
  if (!playing) remember();
}

function remember() {
  const [first, second] = runs.map((run) => run.scene.name), [i, j] = moments[at];
  const hash = `#scene=${first}&step=${i}${second ? `&beside=${second}&also=${j}` : ''}`;
  if (location.hash !== hash) history.replaceState(null, '', hash);
}

function go(to) {
  at = Math.max(0, Math.min(moments.length - 1, to));
  for (const run of runs) delete run.frame;
  if (at === moments.length - 1) pause();
  show();
}

function jump(name) {
  const next = moments.findIndex((moment, i) => i > at && runs.some((run) => {
    const step = run.scene.steps[moment[run.number] - 1];
    return moment[run.number] !== moments[i - 1][run.number] && step[1] === name;
  }));
  if (next >= 0) go(next);
  else by_id('where').textContent += `. ${name} does nothing more.`;
}

function pause() {
  clearInterval(playing);
  playing = undefined;
  by_id('play').textContent = 'Play';
  remember();
}

function play() {
  if (at === moments.length - 1) go(0);
  by_id('play').textContent = 'Pause';
  playing = setInterval(() => go(at + 1), 1000 / by_id('speed').value);
}

const toggle = () => (playing ? pause() : play());

// --- which runs -----------------------------------------------------------------

function merge() {
  const events = runs.flatMap((run) => run.scene.steps.map((step) => [step[0], run.number]));
  events.sort(([a], [b]) => a - b); // stable: each run's steps stay in order
  const moment = runs.map(() => 0);
  moments = [[...moment], ...events.map(([, number]) => { moment[number]++; return [...moment]; })];
}

function open_runs(names, step = 0, also) {
  if (playing) pause();
  by_id('scene').value = names[0];
  by_id('beside').value = names[1] ?? '';
  runs.splice(0, runs.length, ...names.map((name, number) => {
    const panel = by_id('panel').content.cloneNode(true).firstElementChild;
    panel.querySelector('h2').textContent = `${scene_of(name).stage}: ${scene_of(name).title}`;
    return { number, scene: scene_of(name), states: replay(scene_of(name)), panel,
      calls: count_calls(scene_of(name)) };
  }));
  by_id('panels').className = runs.length === 1 ? 'alone' : '';
  by_id('panels').replaceChildren(...runs.map((run) => run.panel));
  by_id('timelines').replaceChildren(...runs.map(draw_timeline));
  for (const button of document.querySelectorAll('.jumps button'))
    button.hidden = !runs.some(({ scene }) => Object.values(scene.ports).includes(button.textContent));
  by_id('recorded').textContent = `Recorded: ${runs.map(({ scene: { command, change } }) =>
    command + (change && `, changed by sed '${change}'`)).join('; ')}; on ${runs[0].scene.machine}.`;
  merge();
  const is_there = (moment) => moment[0] >= step && (also === undefined || moment[1] >= also);
  go(moments.findIndex(is_there) < 0 ? moments.length - 1 : moments.findIndex(is_there));
}

function open_link() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const known = (name) => name && by_id(`scene-${name}`);
  const names = [known(asked.get('scene')) ? asked.get('scene') : '01'];
  if (known(asked.get('beside'))) names.push(asked.get('beside'));
  const also = asked.has('also') && names[1] ? Number(asked.get('also')) : undefined;
  open_runs(names, Number(asked.get('step')) || 0, also);
  // The first of its kind, whatever its number is in this recording.
  const kind = asked.get('kind')?.replace('-', ' '), who = asked.get('of') ?? undefined;
  const first = !kind ? -1 : runs[0].scene.steps.findIndex((step, i) => {
    const found = words_of(runs[0], i + 1);
    return found.kind === kind && (!who || found.who === who);
  });
  if (first >= 0) go(moments.findIndex((moment) => moment[0] === first + 1));
}

function choose() {
  const names = [by_id('scene').value, by_id('beside').value].filter(Boolean), ms = ms_of(moments[at]);
  open_runs(names);
  go(moment_at(ms));
}

const keys = { ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), ' ': toggle,
  Home: () => go(0), End: () => go(moments.length - 1), a: () => jump('A'),
  b: () => jump('B'), c: () => jump('C'), d: () => jump('D') };

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const { target } = event;
  if (target.matches('select') || event.key === ' ' && target.matches('button') ||
    target.matches('pre') && /Arrow|Home|End/.test(event.key) && target.scrollWidth > target.clientWidth + 1) return;
  const act = keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

const names = [...document.querySelectorAll('script[type="application/json"]')]
  .map((data) => data.id.replace('scene-', '')).sort();
for (const name of names) {
  const { title } = scene_of(name);
  for (const list of ['scene', 'beside'])
    by_id(list).append(make('option', { value: name, textContent: `${name}: ${title}` }));
}
const clicks = { first: keys.Home, back: keys.ArrowLeft, step: keys.ArrowRight, play: toggle };
for (const [id, act] of Object.entries(clicks)) by_id(id).onclick = act;
by_id('speed').onchange = () => { if (playing) { pause(); play(); } };
by_id('time').oninput = (event) => go(moment_at(Number(event.target.value)));
by_id('scene').onchange = by_id('beside').onchange = choose;
for (const name of 'ABCD') {
  const button = make('button', { type: 'button', textContent: name, ariaLabel: `Next step of ${name}` });
  button.onclick = () => jump(name);
  document.querySelector('.jumps').append(button);
}
document.querySelector('.legend').append(...Object.entries(meanings).map(([what, words]) =>
  make('span', {}, make('i', { className: what }), words)));
addEventListener('hashchange', open_link);
by_id('app').hidden = by_id('choice').hidden = false;
by_id('help').open = !location.hash;
open_link();
