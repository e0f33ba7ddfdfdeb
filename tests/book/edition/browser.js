// browser.js: a Chromium without a window, spoken to through a pipe.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

// Calls on_event for what the browser says by itself.
exports.open = async function open(program, on_event) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'book-'));
  const options = ['--headless', '--disable-gpu', '--remote-debugging-pipe',
    `--user-data-dir=${profile}`];
  // Its sandbox refuses to work for root.
  if (process.getuid() === 0) options.push('--no-sandbox');
  const child = spawn(program, options,
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const waiting = new Map();
  let last = 0, unread = '', session;

  child.stdio[4].setEncoding('utf8').on('data', (data) => {
    const messages = (unread + data).split('\0');
    unread = messages.pop();
    for (const each of messages.map(JSON.parse)) {
      if (!each.id) { on_event(each.method, each.params); continue; }
      const { resolve, reject, method } = waiting.get(each.id);
      waiting.delete(each.id);
      if (each.error) reject(new Error(`${method}: ${each.error.message}`));
      else resolve(each.result);
    }
  });

  function call(method, params = {}) {
    return new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject, method });
      child.stdio[3].write(
        JSON.stringify({ id: last, method, params, sessionId: session }) + '\0');
    });
  }

  // Runs a function of ours in the page, and returns what it returns.
  async function run(work, ...values) {
    const { result, exceptionDetails } = await call('Runtime.evaluate', {
      expression: `(${work})(...${JSON.stringify(values)})`,
      awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception.description);
    return result.value;
  }

  async function close() {
    session = undefined;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    await call('Browser.close');
    await ended;
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }

  const { targetId } = await call('Target.createTarget', { url: 'about:blank' });
  const attached = await call('Target.attachToTarget',
    { targetId, flatten: true });
  await call('Browser.grantPermissions', {
    permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'],
  });
  session = attached.sessionId;
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) {
    await call(`${domain}.enable`);
  }
  return { call, run, close };
};
