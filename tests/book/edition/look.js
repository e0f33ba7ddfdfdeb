// look.js BUILD/BOOK: opens the page in Chromium, tries what a reader does, and
// takes pictures of it. What Chromium is called stands in CHROMIUM.

const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { open } = require('./browser.js');
const inside = require('./inside.js');

const directory = process.argv[2];
const page = pathToFileURL(path.join(directory, 'index.html')).href;
const WIDTHS = [360, 1280], MODES = ['light', 'dark'];

let browser, loaded, failed = false;
const complaints = [], requests = [];

function on_event(method, params) {
  if (method === 'Page.loadEventFired') loaded();
  if (method === 'Network.requestWillBeSent') requests.push(params.request.url);
  if (method === 'Runtime.exceptionThrown') {
    complaints.push(params.exceptionDetails.exception.description);
  }
  if (method === 'Log.entryAdded' && params.entry.level === 'error') {
    complaints.push(params.entry.text);
  }
  if (method === 'Runtime.consoleAPICalled' && params.type === 'error') {
    complaints.push(params.args.map((one) => one.value).join(' '));
  }
}

// A test returns what is wrong, a list of lines.
async function test(what, work) {
  const wrong = await work();
  console.log(`${wrong.length ? 'FAILED ' : 'ok     '} ${what}`);
  wrong.slice(0, 20).forEach((line) => console.log(`        ${line}`));
  failed ||= wrong.length > 0;
}

async function look_at(width, mode, media = '') {
  await browser.call('Emulation.setDeviceMetricsOverride', {
    width, height: width < 600 ? 740 : 800, deviceScaleFactor: 1,
    mobile: width < 600,
  });
  await browser.call('Emulation.setEmulatedMedia', {
    media, features: [{ name: 'prefers-color-scheme', value: mode }],
  });
  const done = new Promise((resolve) => { loaded = resolve; });
  await browser.call('Page.navigate', { url: page });
  await done;
}

async function press(key) {
  for (const type of ['keyDown', 'keyUp']) {
    await browser.call('Input.dispatchKeyEvent', { type, key, code: key,
      windowsVirtualKeyCode: { Tab: 9, ArrowLeft: 37, ArrowRight: 39 }[key] });
  }
}

// What is typed in the sessions, as the file has it.
function typed_in(file) {
  const sessions = fs.readFileSync(file, 'utf8')
    .matchAll(/^```console\n(.*?)^```$/gms);
  return [...sessions].flatMap(([, session]) => session.split('\n'))
    .map((line) => line.match(/^\w*[$>] (.*)$/)?.[1])
    .filter((typed) => typed && !/^\^[A-Z]$/.test(typed));
}

async function copies() {
  const expected = typed_in('TUTORIAL.md');
  const copied = await browser.run(inside.copy_all);
  const wrong = expected.map((typed, i) => typed === copied[i] ? '' :
    `instead of ${typed}: ${copied[i]}`).filter(Boolean);
  if (copied.length !== expected.length) {
    wrong.push(`${copied.length} buttons for ${expected.length} commands`);
  }
  return wrong;
}

async function links() {
  const { broken, files } = await browser.run(inside.links);
  const missing = files.filter(
    (file) => !fs.existsSync(path.join(directory, file)));
  return [...broken, ...missing, ...files.length ? [] : ['no link to a file']];
}

async function keys() {
  const wrong = [];
  await press('Tab');
  const first = await browser.run(inside.focused);
  if (first.text !== 'Skip to the text') wrong.push(`first: ${first.text}`);
  if (!first.visible) wrong.push('who skips does not see it');
  const places = [];
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft']) {
    await press(key);
    await browser.run(inside.frame);
    places.push(await browser.run(() => location.hash));
  }
  const chapters = await browser.run(inside.chapters);
  [0, 1, 0].forEach((chapter, i) => {
    if (places[i] !== `#${chapters[chapter]}`) wrong.push(`at ${places[i]}`);
  });
  return wrong;
}

async function screenshots() {
  const shots = path.join(directory, 'screenshots');
  fs.rmSync(shots, { recursive: true, force: true });
  fs.mkdirSync(shots);
  for (const width of WIDTHS) {
    for (const mode of MODES) {
      await look_at(width, mode);
      for (const chapter of ['top', ...await browser.run(inside.chapters)]) {
        await browser.run(inside.go_to, chapter);
        const { data } = await browser.call('Page.captureScreenshot');
        const name = `${chapter.slice(0, 30)}-${width}-${mode}.png`;
        fs.writeFileSync(path.join(shots, name), data, 'base64');
      }
    }
  }
}

async function all_tests() {
  for (const width of [360, 700, 1000, 1280, 1920]) {
    await look_at(width, 'light');
    await test(`${width} px: nothing is wider than the page`,
      () => browser.run(inside.too_wide, width));
  }
  for (const mode of MODES) {
    await look_at(1280, mode);
    await test(`${mode}: all words stand out from what is behind them`,
      () => browser.run(inside.contrast));
  }
  await look_at(1280, 'light');
  await test('the keyboard skips, and turns pages', keys);
  await test('every link leads somewhere', links);
  await test('every copy button copies what is typed, and no more', copies);
  await look_at(800, 'dark', 'print');
  await test('print has white paper, is unfolded, and has no buttons',
    () => browser.run(inside.print));
  if (!process.env.QUICK) await screenshots();
  await test('the console is silent', async () => complaints);
  await test('no request leaves the page',
    async () => requests.filter((url) => url !== page && !/^data:/.test(url)));
}

(async () => {
  browser = await open(process.env.CHROMIUM, on_event);
  try { await all_tests(); } finally { await browser.close(); }
  process.exit(failed ? 1 : 0);
})();
