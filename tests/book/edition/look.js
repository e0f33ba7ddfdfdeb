// look.js CHROMIUM PROFILE BUILD/BOOK SOURCE...: opens the page in Chromium,
// tries what a reader does, and takes pictures of it.

const fs = require('node:fs');
const [executablePath, userDataDir, directory, ...sources] = process.argv.slice(2);
const address = `file://${directory}/index.html`;
const complaints = [], requests = [];
let page, devtools;

// The result is what is wrong, a list of lines.
async function test(what, result) {
  const wrong = await result;
  console.log(`${wrong.length ? 'FAILED ' : 'ok     '} ${what}`);
  wrong.slice(0, 20).forEach((one) => console.log(`        ${one.slice(0, 200)}`));
  if (wrong.length) process.exitCode = 1;
}

async function open(width, mode, media = 'screen') {
  await page.setViewport({ width, height: 800, isMobile: width < 600 });
  await devtools.send('Emulation.setEmulatedMedia',
    { media, features: [{ name: 'prefers-color-scheme', value: mode }] });
  await page.goto(address);
  if (media === 'screen') await page.$$eval('main details',
    (all) => all.forEach((one) => { one.open = true; }));
  return page.$$eval('h1, .level2', (all) => all.map((one) => one.id));
}

async function keys([, first, second]) {
  const seen = [];
  for (const key of ['Tab', 'ArrowRight', 'ArrowRight', 'ArrowLeft']) {
    await page.keyboard.press(key);
    seen.push(await page.evaluate(() => new Promise((resolve) =>
      requestAnimationFrame(() => resolve(location.hash.slice(1) ||
        document.activeElement.textContent)))));
  }
  return `${seen}` === `Skip to the text,${first},${second},${first}` ? [] : seen;
}

async function links() {
  const all = await page.$$eval('a[href]', (some) => some.map((one) =>
    [one.getAttribute('href'),
      !!document.getElementById(decodeURIComponent(one.hash.slice(1)))]));
  return all.filter(([href, is_there]) => !/^\w+:/.test(href) && !is_there &&
    (href[0] === '#' || !fs.existsSync(`${directory}/${href.replace(/#.*/, '')}`))).map(([href]) => href);
}

async function copies() {
  const copied = await page.$$eval('.copy', async (buttons) => {
    const heard = [];
    for (const button of buttons) {
      button.click();
      while (button.textContent === 'copy') await new Promise(requestAnimationFrame);
      heard.push(await navigator.clipboard.readText());
    }
    return heard.sort();
  });
  const typed = sources.map((file) => fs.readFileSync(file, 'utf8'))
    .flatMap((text) => text.match(/^```console\n.*?^```$/gms) ?? [])
    .flatMap((text) => text.match(/^\w*[$>] (?!\^[A-Z]$).*$/gm) ?? [])
    .map((line) => line.replace(/^\w*. /, '')).sort();
  return `${typed}` === `${copied}` && typed.length ? [] :
    [`${copied.length} copied, ${typed.length} typed`,
      ...typed.filter((line) => !copied.includes(line))];
}

async function all_tests() {
  for (const width of [360, 700, 1000, 1280, 1920]) {
    await open(width, 'light');
    await test(`${width} px: nothing is wider than the page`, page.evaluate((limit) =>
      [document.documentElement.scrollWidth, innerWidth].filter(
        (one) => one > limit).map((one) => `${one} px`), width));
  }
  for (const mode of ['light', 'dark']) {
    await open(1280, mode);
    await page.addScriptTag({ path: require.resolve('axe-core') });
    await test(`${mode}: accessible (WCAG 2 AA: contrast, names, order)`,
      page.evaluate(async () => (await axe.run({ runOnly: ['wcag2a', 'wcag2aa'] }))
        .violations.flatMap(({ help, nodes }) => nodes.map(
          ({ html, any }) => `${help}: ${html} ${any[0]?.message}`))));
  }
  await test('the keyboard skips, and turns pages', keys(await open(1280, 'light')));
  await test('every link leads somewhere', links());
  await test('every copy button copies what is typed, and no more', copies());
  await open(800, 'dark', 'print');
  await test('paper is white, unfolded, and has no buttons', page.evaluate(() => {
    dispatchEvent(new Event('beforeprint'));
    return [...document.querySelectorAll(
      'nav, button, .skip, details:not([open]) > summary')]
      .filter((one) => one.checkVisibility()).map((one) => one.outerHTML)
      .concat(getComputedStyle(document.body).color === 'rgb(37, 34, 30)' ? [] : 'ink');
  }));
  fs.mkdirSync(`${directory}/screenshots`, { recursive: true });
  for (const [width, mode] of process.env.QUICK ? [] :
    [[360, 'light'], [360, 'dark'], [1280, 'light'], [1280, 'dark']]) {
    for (const id of await open(width, mode)) {
      await page.evaluate((to) => { location.hash = to; }, id);
      await page.screenshot({ path:
        `${directory}/screenshots/${id.slice(0, 30)}-${width}-${mode}.png` });
    }
  }
  await test('the console is silent', complaints);
  await test('no request leaves the page', requests.filter(
    (url) => !url.startsWith(address) && !url.startsWith('data:')));
}

(async () => {
  const browser = await require('puppeteer-core').launch({ executablePath, userDataDir,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-sync',
      '--disable-background-networking', '--disable-component-update'] });
  page = await browser.newPage();
  devtools = await page.createCDPSession();
  await devtools.send('Browser.grantPermissions',
    { permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'] });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => complaints.push(line.text()));
  page.on('request', (request) => requests.push(request.url()));
  try { await all_tests(); } finally { await browser.close(); }
})();
