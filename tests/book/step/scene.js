// scene.js: from what strace and the samples in $DIR say, a scene: JSON on the
// standard output, and a line on the other one that says what was compared. It
// fails when the kernel disagrees with what kernel.js derives.

const fs = require('node:fs'), os = require('node:os');
const { execFileSync } = require('node:child_process');
const { WHOLE, ASLEEP, AWAKE, is_client, parse_call, ready_in, ready_list, replay } =
  require('./kernel.js');

const { DIR, SCENE, STAGE, OPTIONS, LIMIT, FOURTH, CHANGE, TITLE, BUFFER } = process.env;
const ASLEEP_MS = 2;    // a call that takes less has not slept
const END_MS = 1600;    // as in the pictures
const MARGIN_MS = 5;    // between an effect and strace's seeing it
const DEADLINE_MS = 25; // how much later than derived the server sets one
const BURST_MS = 20;    // a client's writes or reads that are one step
const LONGEST_ROUND = 12;
const JOIN_MS = { A: 100, B: 200, C: 400 }, LATE_MS = 25;
const MOST_BYTES = 60000;
const sleepers = /^(accept4?|read|write|poll|epoll_p?wait|clock_nanosleep)$/;
const blocking = /^0[12]/.test(STAGE);
// The numbers of these calls on x86_64, as /proc/PID/syscall has them.
const numbers = { read: 0, write: 1, poll: 7, accept: 43, clock_nanosleep: 230,
  epoll_wait: 232 };

const trouble = [], texts = [], stacks = [];
const files = (prefix) => fs.readdirSync(DIR).filter((one) => one.startsWith(prefix))
  .sort((a, b) => parseInt(a.slice(prefix.length), 10) - parseInt(b.slice(prefix.length), 10));

// --- what strace saw -------------------------------------------------------------

// Calls with at (s), took (s), text and the addresses of our own code.
function read_trace(file) {
  const found = [];
  for (const line of fs.readFileSync(`${DIR}/${file}`, 'latin1').split('\n')) {
    const frame = line.match(/^ > (.*?)\(.*\[0x(\w+)\]$/);
    if (frame && frame[1] === `${DIR}/server`) found.at(-1)?.frames.push(frame[2]);
    const call = line.match(/^(\d+\.\d+) (.*?)(?: <(\d+\.\d+)>)?$/);
    if (!call || /^\d+\.\d+ ---/.test(line)) continue;
    found.push({ at: Number(call[1]), took: Number(call[3] ?? 100), frames: [],
      text: call[2].replace(/\)\s+= /, ') = ') });
  }
  // strace counts from when it lets a call go, which may be late; it has ended
  // when the next one begins.
  found.forEach((call, i) => { call.end = found[i + 1]?.at ?? call.at + call.took; });
  return found;
}

// Return addresses: the call is before them. The stack ends where kqueue on
// Linux begins, which is no part of the book.
function look_up(calls) {
  const before = (address) => (parseInt(address, 16) - 1).toString(16);
  const all = [...new Set(calls.flatMap((call) => call.frames))];
  const lines = execFileSync('addr2line', ['-f', '-e', `${DIR}/server`,
    ...all.map(before)], { encoding: 'utf8' }).split('\n');
  const known = Object.fromEntries(all.map((address, i) => {
    const [, path, line] = lines[2 * i + 1].match(/(?:.*\/src\/)?(.*?):(\d+)/) ?? [];
    return [address, path && [path, Number(line), lines[2 * i]]];
  }));
  for (const call of calls)
    call.stack = call.frames.map((address) => known[address])
      .filter((frame) => frame && !frame[0].startsWith('common/linux')).reverse();
}

function number_of(list, item) {
  const key = JSON.stringify(item), at = list.findIndex((one) => JSON.stringify(one) === key);
  return at >= 0 ? at : list.push(item) - 1;
}

function server_steps(file, thread, start) {
  const calls = read_trace(file);
  look_up(calls);
  const steps = [], ms = (s) => (s - start) * 1e3;
  for (const { at, took, end, text, stack } of calls) {
    const call = parse_call(text), is_exit = /^\+\+\+ exited/.test(text);
    if (!is_exit && (!stack.length || call.name === 'write' && call.fd === 2)) continue;
    const step = (when, phase) => steps.push(Object.assign([ms(when), thread,
      number_of(texts, text), number_of(stacks, stack), phase],
    phase === WHOLE ? { from: ms(at), to: ms(end) } : {}));
    const sleeps = took * 1e3 >= ASLEEP_MS && sleepers.test(call.name) &&
      (blocking || /poll|sleep/.test(call.name));
    if (sleeps) step(at, ASLEEP);
    // What takes something takes effect at its end; what gives, at its beginning.
    const takes = sleeps || /^(accept|read|poll|epoll_p?wait)/.test(call.name);
    step(takes ? at + took : at, sleeps ? AWAKE : WHOLE);
  }
  return steps;
}

const ports = {};
function client_steps(file, name) {
  let port, is_open = false, aborts = false;
  const steps = [];
  for (const { at, took, end, text } of read_trace(file)) {
    const call = parse_call(text), has = /->127\.0\.0\.1:\d+\]/.test(call.args);
    const add = (when, verb, bytes = 0) => {
      const words = bytes && bytes < 20 ? /"(.*?)\\n"/.exec(call.args)?.[1] : undefined;
      steps.push(Object.assign([when, name, verb, bytes, words], { at, end }));
    };
    if (call.name === 'connect' && /AF_INET/.test(call.args)) { is_open = true; add(at, 'connect'); }
    if (!is_open || !has) continue;
    port ??= /127\.0\.0\.1:(\d+)->/.exec(call.args)[1];
    if (call.name === 'write' && call.result > 0) add(at, 'send', call.result);
    if (call.name === 'read' && call.result > 0) add(at + took, 'hear', call.result);
    if (call.name === 'read' && call.result === 0) add(at + took, 'end');
    if (call.error === 'ECONNRESET') add(at + took, 'lost');
    if (call.name === 'shutdown') add(at, 'finish');
    aborts ||= /SO_LINGER/.test(call.args);
    if (call.name === 'close') add(at, aborts ? 'abort' : 'leave');
  }
  if (port) ports[port] = name;
  return steps;
}

function all_steps() {
  const trio = files('trio.').filter((file) => client_steps(file, '').length);
  const clients = trio.flatMap((file, i) => client_steps(file, 'ABC'[i]))
    .concat(files('fourth.').flatMap((file) => client_steps(file, 'D')));
  const start = clients.find((step) => step[1] === 'A')[0] - 0.1; // A connects
  const ms = (s) => (s - start) * 1e3;
  for (const step of clients)
    Object.assign(step, { 0: ms(step[0]), from: ms(step.at), to: ms(step.end) });
  return [clients.concat(...files('trace.').map((file, thread) =>
    server_steps(file, thread, start))).sort((a, b) => a[0] - b[0]), start];
}

// --- what the kernel says --------------------------------------------------------

const compared = {};
function same(what, derived, kernel, ms) {
  compared[what] = (compared[what] ?? 0) + 1;
  if (JSON.stringify(derived) !== JSON.stringify(kernel))
    trouble.push(`at ${ms.toFixed(1)} ms, ${what}: the kernel has ` +
      `${JSON.stringify(kernel)}, derived is ${JSON.stringify(derived)}`);
}

// Lines with the times before and after they were read.
function* samples() {
  const lines = fs.readFileSync(`${DIR}/samples`, 'utf8').split('\n');
  let before, some = [];
  for (const line of lines) {
    if (!line.startsWith('at ')) { some.push(line); continue; }
    const now = Number(line.slice(3));
    if (before && some.length) yield [before, now, some];
    before = now;
    some = [];
  }
}

const bits = { EPOLLIN: 0x1, EPOLLOUT: 0x4, EPOLLRDHUP: 0x2000,
  EPOLLONESHOT: 0x40000000, EPOLLET: 0x80000000 };
const to_bits = (events) => events.split('|').reduce((sum, one) =>
  (sum | (bits[one] ?? 0)) >>> 0, 0);

// What a descriptor is registered for; the kernel adds errors and hang-ups.
const interest_of = (state) => Object.entries(state.interest)
  .map(([fd, events]) => `${fd}: ${to_bits(events).toString(16)}`).sort();
const registered = (lines) => lines.map((line) => /^tfd: +(\d+) events: +(\w+)/.exec(line))
  .filter(Boolean).map(([, fd, events]) =>
    `${fd}: ${((parseInt(events, 16) & ~0x18) >>> 0).toString(16)}`).sort();

function compare_threads(before, lines, ms, tids) {
  for (const [, tid, words] of lines.map((line) => /^thread (\d+) (.*)/.exec(line)).filter(Boolean)) {
    const thread = before.threads[tids.indexOf(tid)];
    if (!thread?.asleep || os.arch() !== 'x64' || !/^\d/.test(words)) continue;
    const [number, first] = words.split(' ').map(Number);
    const is_fd = /^(accept|read|write|epoll_wait)$/.test(thread.asleep);
    same('sleeping thread', [numbers[thread.asleep], is_fd ? thread.fd : 0],
      [number, is_fd ? first : 0], ms);
  }
}

// Four counters of each connection, from both of its sockets: what one wrote is
// what was acknowledged and what was not; what one read is what has arrived,
// without what is unread. SYN and FIN count as a byte.
function compare_bytes(before, after, lines, ms) {
  for (const line of lines.filter((one) => /^(ESTAB|CLOSE-WAIT|FIN-WAIT)/.test(one))) {
    const [, unread, unsent, own, peer] = line.split(/\s+/);
    const value = (key) => Number(new RegExp(`${key}:(\\d+)`).exec(line)?.[1] ?? 0);
    const port_of = (address) => address.split(':').at(-1), by_client = port_of(own) in ports;
    const name = ports[port_of(by_client ? own : peer)];
    const [low, high] = [before.clients[name], after.clients[name]];
    if (!low || !high || high.left || high.reset || low.ended !== high.ended ||
      low.fd === null || low.fd !== high.fd) continue;
    const wrote = value('bytes_acked') + Number(unsent);
    const read = value('bytes_received') - Number(unread);
    const is_writing = after.threads.some((one) => one.asleep === 'write' && one.fd === low.fd);
    for (const [key, kernel] of by_client ? [['sent', wrote], ['heard', read]] :
      [['wrote', wrote], ['read', read]]) {
      const most = high[key] + (key === 'wrote' && is_writing ? 65536 : 0);
      const is_so = kernel >= low[key] && kernel <= most + 2;
      if (!is_so || low[key] === most) // while bytes move, it is not counted
        same(`bytes ${key}`, is_so ? kernel : [low[key], most], kernel, ms);
    }
  }
}

// Before are the steps that had surely ended, after those that may have begun.
function compare_samples(steps, states, start, tids) {
  for (const [from_s, to_s, lines] of samples()) {
    const ms = (from_s - start) * 1e3, to_ms = (to_s - start) * 1e3;
    const first = steps.findIndex((step) => (step.to ?? step[0]) > ms - MARGIN_MS);
    const last = steps.findLastIndex((step) =>
      (step.from ?? step[0]) <= to_ms + MARGIN_MS) + 1;
    const before = states[first], after = states[last];
    if (ms > END_MS || !before || before.listener === undefined) continue;
    const at_rest = (key) => states.slice(first, last + 1).every((state) =>
      JSON.stringify(state[key]) === JSON.stringify(before[key]));
    if (at_rest('threads')) compare_threads(before, lines, ms, tids);
    compare_bytes(before, after, lines, ms);
    const listening = lines.find((line) => line.startsWith('LISTEN'));
    if (listening && at_rest('backlog'))
      same('backlog', before.backlog.length, Number(listening.split(/\s+/)[1]), ms);
    if (lines.some((line) => line.startsWith('tfd')) && at_rest('interest'))
      same('interest list', interest_of(before), registered(lines), ms);
  }
}

// What each call returned: epoll_wait what was in the ready list, poll was given
// the list, and 06 sleeps until the first deadline.
function compare_calls(steps, states) {
  let began = 0;
  steps.forEach((step, i) => {
    if (is_client(step) || step[0] > END_MS) return;
    const before = states[i], call = parse_call(texts[step[2]]), ms = step[0];
    if (step[4] !== AWAKE) began = i;
    if (call.name === 'poll' && step[4] !== AWAKE)
      same('list', before.list, [...call.args.matchAll(/fd=(\d+), events/g)]
        .slice(0, before.list.length).map(([, fd]) => Number(fd)), ms);
    if (call.name !== 'epoll_wait') return;
    const told = ready_in(call).filter(({ fd }) => fd !== before.signals);
    // An edge may come later than the bytes that were sent.
    const ready = ready_list({ ...before, events: told.map(({ fd }) => fd) });
    for (const { fd, events } of step[4] === ASLEEP || call.error ? [] : told)
      same('ready list', events === 'EPOLLOUT' || ready.includes(fd) ? fd : ready, fd, ms);
    const surely = ready_list(states[began])
      .filter((fd) => !before.interest[fd]?.includes('EPOLLET'));
    for (const fd of step[4] === ASLEEP ? [] : surely)
      same('ready list', fd, told.some((one) => one.fd === fd) ? fd : told, ms);
    const timeout = Number(call.args.match(/-?\d+$/)[0]);
    const first = before.clients[before.names[before.queue[0]]];
    if (step[4] === AWAKE || !first || !before.queue.length) return;
    same('deadline', Math.abs(first.deadline_ms - ms - timeout) < DEADLINE_MS ? timeout :
      Math.round(first.deadline_ms - ms), timeout, ms);
  });
}

// --- less to step through --------------------------------------------------------

// A round that is the same as the one before it, with the same answers, is
// counted and not shown.
function fold_rounds(steps) {
  const kept = [], key = (step) => is_client(step) ? NaN : step.slice(1, 5).join();
  for (const step of steps) {
    kept.push(step);
    for (let n = 1; n <= LONGEST_ROUND && 2 * n <= kept.length; n++) {
      const [one, two] = [kept.slice(-2 * n, -n), kept.slice(-n)];
      if (!one.every((each, i) => key(each) === key(two[i]) && /EAGAIN/.test(texts[each[2]])))
        continue;
      kept.splice(-n);
      one.forEach((each, i) => { each[5] = (each[5] ?? 1) + (two[i][5] ?? 1); });
      break;
    }
  }
  return kept;
}

function fold_bursts(steps) {
  const kept = [];
  for (const step of steps) {
    const last = kept.at(-1);
    if (last && is_client(step) && step[1] === last[1] && step[2] === last[2] &&
      /send|hear/.test(step[2]) && !step[4] && step[0] - last[0] < BURST_MS) last[3] += step[3];
    else kept.push(step);
  }
  return kept;
}

// --- the scene -------------------------------------------------------------------

const [steps, start] = all_steps();
const tids = files('trace.').map((file) => file.slice(6));
const timeout_ms = Number(/--timeout (\S+)/.exec(OPTIONS)?.[1] ?? 0) * 1e3;
const scene = { name: SCENE, stage: STAGE, title: TITLE, end_ms: END_MS, timeout_ms, ports,
  command: `${LIMIT && `(ulimit -n ${LIMIT}; `}${STAGE}/server --quiet ${OPTIONS}`.trim() +
    `${LIMIT && ')'} with \`client trio\`${FOURTH && ` and \`client ${FOURTH}\``}` +
    `, in a network whose send buffers hold ${BUFFER} bytes at most`,
  change: CHANGE, machine: `${os.cpus()[0].model}, ${os.type()} ${os.release()}, strace ` +
    execFileSync('strace', ['-V'], { encoding: 'utf8' }).match(/version (\S+)/)[1] };
const states = replay({ ...scene, texts, steps });
compare_samples(steps, states, start, tids);
compare_calls(steps, states);
for (const [ms, name] of steps.filter((step) => step[2] === 'connect' && JOIN_MS[step[1]]))
  if (Math.abs(ms - JOIN_MS[name]) > LATE_MS)
    trouble.push(`${name} connects at ${ms.toFixed()} ms: the machine was too busy`);
for (const what of ['backlog', 'bytes sent', 'bytes read', 'bytes wrote', 'bytes heard'])
  if (!compared[what]) trouble.push(`${what}: not compared once`);

scene.compared = compared;
scene.steps = fold_bursts(fold_rounds(steps.filter((step) => step[0] <= END_MS)))
  .map((step) => [Math.max(0, Math.round(step[0] * 10) / 10), ...step.slice(1)]);
// Only what is used; sources that a stack leads to.
const old_texts = texts.splice(0), old_stacks = stacks.splice(0);
for (const step of scene.steps.filter((one) => !is_client(one))) {
  step[2] = number_of(texts, old_texts[step[2]]);
  step[3] = number_of(stacks, old_stacks[step[3]]);
}
const paths = [...new Set(stacks.flat().map(([path]) => path))].sort();
scene.files = Object.fromEntries(paths.map((path) =>
  [path, fs.readFileSync(`${DIR}/src/${path}`, 'utf8')]));
const json = JSON.stringify({ ...scene, texts,
  stacks: stacks.map((stack) => stack.map(([path, ...rest]) => [paths.indexOf(path), ...rest])) })
  .replace(/("steps"|"files"|"texts"|"stacks"):/g, '\n$1:').replace(/\],\[/g, '],\n[');
if (json.length > MOST_BYTES) trouble.push(`${json.length} bytes are more than ${MOST_BYTES}`);
console.log(json);
console.error(`${trouble.length ? 'again    ' : 'recorded '} ${SCENE}: ${scene.steps.length} steps, ` +
  `${json.length} bytes; compared ${Object.entries(compared).map(([what, count]) =>
    `${what} ${count}`).join(', ')}`);
trouble.slice(0, 8).forEach((one) => console.error(`          ${one}`));
process.exitCode = trouble.length ? 1 : 0;
