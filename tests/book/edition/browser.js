// browser.js: a Chromium without a window, for the scripts that look at a page.

const complaints = [], requests = [];
let page, devtools;

// The result is what is wrong, a list of lines; what is empty is nothing.
async function test(what, result) {
  const wrong = (await result).filter(Boolean);
  console.log(`${wrong.length ? 'FAILED ' : 'ok     '} ${what}`);
  wrong.slice(0, 20).forEach((one) => console.log(`        ${String(one).slice(0, 200)}`));
  if (wrong.length) process.exitCode = 1;
}

// As wide as this, in the light or in the dark, on a screen or on paper.
async function open(url, width, mode, media = 'screen') {
  await page.setViewport({ width, height: 800, isMobile: width < 600, hasTouch: width < 600 });
  await devtools.send('Emulation.setEmulatedMedia',
    { media, features: [{ name: 'prefers-color-scheme', value: mode }] });
  await page.goto('about:blank');
  await page.goto(url);
}

// Gives look() a page and its devtools; then tests that all was quiet.
async function browse(executablePath, userDataDir, address, look) {
  const browser = await require('puppeteer-core').launch({ executablePath, userDataDir,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-sync',
      '--disable-background-networking', '--disable-component-update'] });
  page = await browser.newPage();
  devtools = await page.createCDPSession();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => complaints.push(line.text()));
  page.on('request', (request) => requests.push(request.url()));
  try { await look(page, devtools); } finally { await browser.close(); }
  await test('the console is silent', complaints);
  await test('no request leaves the page', requests.filter(
    (url) => !url.startsWith(address) && !/^(data|about):/.test(url)));
}

// What axe finds: contrast, names, order.
async function accessible(page, options = {}) {
  await page.addScriptTag({ path: require.resolve('axe-core') });
  return page.evaluate(async (given) => (await axe.run(given)).violations.flatMap(
    ({ help, nodes }) => nodes.map(({ html, any }) => `${help}: ${html} ${any[0]?.message}`)), options);
}

module.exports = { test, open, browse, accessible };
