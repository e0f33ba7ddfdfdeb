// kernel.js: what the kernel holds after each step of a recorded run.
//
// The page and the pictures show it, and the recorder compares it with what the
// kernel says itself. A step of the server is [MS, THREAD, TEXT, STACK, PHASE,
// TIMES]: TEXT and STACK are numbers in the scene's lists, PHASE is WHOLE, ASLEEP
// or AWAKE, and TIMES is how often the same round was seen. A step of a client is
// [MS, NAME, VERB, BYTES, WORDS].

const WHOLE = 0, ASLEEP = 1, AWAKE = 2;

const is_client = (step) => typeof step[1] === 'string';

// "read(6, "hello\n", 65536) = 6", as strace prints it.
function parse_call(text) {
  const [, name, args, result] = text.match(/^(\w+)\((.*)\)\s+= (.*)$/s) ??
    [text, 'exit', '', '0'];
  return { name, args, fd: parseInt(args, 10), result: parseInt(result, 10),
    error: /^-1 (E\w+)/.exec(result)?.[1] ?? '', text };
}

// What epoll_wait or poll returned: descriptors and their events.
function ready_in({ text }) {
  return [...text.matchAll(/events=([A-Z|]+), data=\{u32=(\d+)|fd=(\d+), revents/g)]
    .map(([, events, fd, polled]) => ({ fd: Number(fd ?? polled), events }));
}

const client_of = (state, fd) => state.clients[state.names[fd]];
const unread = (client) => Math.max(0, client.sent - client.read);
const unsent = (client) => Math.max(0, client.read - client.wrote);
const unheard = (client) => Math.max(0, client.wrote - client.heard);

function is_ready(state, fd) {
  const events = state.interest[fd] ?? '', client = client_of(state, fd);
  if (Number(fd) === state.listener)
    return events.includes('EPOLLIN') && state.backlog.length > 0;
  if (!client) return false;
  return events.includes('EPOLLIN') &&
    (unread(client) > 0 || client.ended || client.reset) ||
    events.includes('EPOLLOUT') && (!client.full || client.reset);
}

// Edge-triggered, a descriptor is in the list from an event until it is told.
function ready_list(state) {
  return Object.keys(state.interest).map(Number).filter((fd) =>
    is_ready(state, fd) && (!state.interest[fd].includes('EPOLLET') ||
      state.events.includes(fd)));
}

// Something happened to a descriptor: news for edge-triggered epoll.
function happens(state, fd) {
  if (fd !== undefined && !state.events.includes(fd)) state.events.push(fd);
}

function progress(state, client, scene, ms) {
  if (!scene.timeout_ms) return;
  state.queue = state.queue.filter((fd) => fd !== client.fd).concat(client.fd);
  client.deadline_ms = ms + scene.timeout_ms;
}

function forget(state, fd, ms) {
  const client = client_of(state, fd), at = state.list.indexOf(fd);
  if (client) Object.assign(client, { fd: null, closed_ms: ms });
  if (at >= 0) { // the last entry takes its place
    state.list[at] = state.list[state.list.length - 1];
    state.list.pop();
  }
  delete state.names[fd];
  delete state.interest[fd];
  state.queue = state.queue.filter((one) => one !== fd);
  state.events = state.events.filter((one) => one !== fd);
}

// --- a step of a client --------------------------------------------------------

const client_steps = {
  connect(state, client) {
    state.backlog.push(client.name);
    happens(state, state.listener);
    client.lines.push('connects');
  },
  send(state, client, bytes, words) {
    client.sent += bytes;
    client.lines.push(words ? `> ${words.trim()}` : 'sends');
    happens(state, client.fd ?? undefined);
  },
  hear(state, client, bytes, words) {
    client.heard += bytes;
    client.lines.push(words ? `< ${words.trim()}` : 'reads');
  },
  finish(state, client) {
    client.ended = true;
    client.lines.push('will send no more');
    happens(state, client.fd ?? undefined);
  },
  end(state, client) { client.lines.push('hears that the server has closed'); },
  lost(state, client) { client.lines.push('hears a reset'); },
  leave(state, client) {
    client.ended = client.left = true;
    // With an unread echo, close() answers with a reset.
    client.reset ||= client.wrote > client.heard;
    client.lines.push('leaves');
    happens(state, client.fd ?? undefined);
  },
  abort(state, client) {
    client.ended = client.left = client.reset = true;
    client.lines.push('leaves with a reset');
    happens(state, client.fd ?? undefined);
  },
};

function apply_client(state, [, name, verb, bytes, words]) {
  const client = state.clients[name] ??= { name, fd: null, sent: 0, read: 0,
    wrote: 0, heard: 0, ended: false, left: false, reset: false, full: false,
    lines: [] };
  const last = client.lines.length;
  client_steps[verb](state, client, bytes, words);
  // A flood is one line.
  if (client.lines[last] === client.lines[last - 1]) client.lines.pop();
}

// --- a step of the server ------------------------------------------------------

const calls = {
  listen(state, { fd }) {
    state.listener = fd;
    state.list.push(fd);
  },
  signalfd4(state, { result }) { state.signals = result; },
  epoll_create1(state, { result }) { state.poller = result; },
  accept(state, { args, result }, scene, ms) {
    if (!(result > 0)) return;
    const name = scene.ports[/htons\((\d+)\)/.exec(args)[1]];
    state.backlog = state.backlog.filter((one) => one !== name);
    Object.assign(state.clients[name], { fd: result, accepted_ms: ms });
    state.names[result] = name;
    state.list.push(result);
    progress(state, state.clients[name], scene, ms);
  },
  read(state, { fd, result }, scene, ms) {
    const client = client_of(state, fd);
    if (!client || !(result > 0)) return;
    client.read += result;
    progress(state, client, scene, ms);
  },
  write(state, { fd, args, result, error }, scene, ms) {
    const client = client_of(state, fd);
    if (!client) return;
    client.full = error === 'EAGAIN' || result < parseInt(args.match(/\d+$/), 10);
    if (!(result > 0)) return;
    client.wrote += result;
    progress(state, client, scene, ms);
  },
  close(state, { fd }, scene, ms) { forget(state, fd, ms); },
  epoll_ctl(state, { args }) {
    const [, what, fd, events] =
      args.match(/EPOLL_CTL_(\w+), (\d+)(?:, \{events=([A-Z|0]+))?/);
    if (what === 'DEL') delete state.interest[fd];
    else state.interest[fd] = events;
    // Set anew, the kernel looks at once.
    if (is_ready(state, fd)) happens(state, Number(fd));
  },
  epoll_wait(state, call) {
    for (const { fd, events } of ready_in(call)) {
      const client = client_of(state, fd);
      state.events = state.events.filter((one) => one !== fd);
      if (client && events.includes('EPOLLOUT')) client.full = false;
      if (client && events.includes('EPOLLERR')) client.reset = true;
    }
  },
};

function apply_call(state, [ms, thread, text, , phase], scene) {
  const call = parse_call(scene.texts[text]);
  while (state.threads.length <= thread) state.threads.push({});
  state.threads[thread] = call.name === 'exit' ? { gone: true } :
    phase === ASLEEP ? { asleep: call.name, fd: call.fd } : {};
  // It would not sleep if there were something in its list: an edge may come
  // later than the bytes that were sent, when there is room for them.
  if (phase === ASLEEP && call.name === 'epoll_wait') state.events = [];
  if (phase !== ASLEEP) calls[call.name]?.(state, call, scene, ms);
}

// The state before the first step, and after each.
function replay(scene) {
  let state = { backlog: [], clients: {}, names: {}, interest: {}, events: [],
    queue: [], list: [], threads: [{}] };
  return [state, ...scene.steps.map((step) => {
    state = structuredClone(state);
    if (is_client(step)) apply_client(state, step);
    else apply_call(state, step, scene);
    return state;
  })];
}

// --- who does what, when -------------------------------------------------------

const call_of = (scene, step) => parse_call(scene.texts[step[2]]);

// A thread of 02 is named after the client that it serves.
function thread_name({ scene, states }, thread) {
  if (states.at(-1).threads.length === 1) return 'one thread';
  if (thread === 0) return 'main thread';
  const first = scene.steps.findIndex((step) => step[1] === thread && call_of(scene, step).fd > 0);
  return `thread of ${states[first].names[call_of(scene, scene.steps[first]).fd]}`;
}

function doing(client, step, before) {
  if (!client || client.left || client.closed_ms !== undefined && !unheard(client)) return '';
  if (client.fd === null && client.accepted_ms === undefined) return 'backlog';
  if (client.sent === client.heard) return 'silent';
  // Between two reads it still reads.
  if (step[1] === client.name && step[2] === 'hear' || before === 'drain') return 'drain';
  return unheard(client) > 0 ? 'flood' : 'echo';
}

// Rows of [what, from, to, call]: neighbours that do the same are one. call is
// what a thread sleeps in.
function rows_of(run) {
  const { scene, states } = run, rows = {};
  const put = (name, what, ms, call) => {
    const row = rows[name] ??= [], last = row.at(-1);
    if (last && last[0] === what && last[3] === call) return;
    if (last) last[2] = ms;
    row.push([what, ms, scene.end_ms, call]);
  };
  scene.steps.forEach((step, i) => {
    const state = states[i + 1];
    for (const name of Object.values(scene.ports).sort())
      put(name, doing(state.clients[name], step, rows[name]?.at(-1)[0]), step[0]);
    state.threads.forEach(({ gone, asleep, fd }, n) => {
      const name = thread_name(run, n), client = state.names[fd];
      const says_again = step[1] === n ? /EAGAIN/.test(scene.texts[step[2]]) :
        rows[name]?.at(-1)[0] === 'again';
      put(name, gone ? '' : asleep ? 'wait' : says_again ? 'again' : 'run', step[0],
        asleep && ({ read: `read from ${client}`, write: `write to ${client}` }[asleep] ?? asleep));
    });
  });
  return rows;
}

if (typeof module !== 'undefined')
  module.exports = { WHOLE, ASLEEP, AWAKE, is_client, parse_call, ready_in,
    ready_list, replay, call_of, thread_name, rows_of };
