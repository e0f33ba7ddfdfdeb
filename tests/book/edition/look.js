// look.js CHROMIUM PROFILE BUILD/BOOK SOURCE...: opens the page in Chromium and
// tries what a reader does.

const fs = require('node:fs');
const [executablePath, userDataDir, directory, ...sources] = process.argv.slice(2);
const address = `file://${directory}/index.html`;
const browser = require('./browser.js'), { test } = browser;
let page;

async function open(width, mode, media = 'screen') {
  await browser.open(address, width, mode, media);
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
    await test(`${mode}: accessible (WCAG 2 AA: contrast, names, order)`,
      browser.accessible(page, { runOnly: ['wcag2a', 'wcag2aa'] }));
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
}

browser.browse(executablePath, userDataDir, address, async (given, devtools) => {
  page = given;
  await devtools.send('Browser.grantPermissions',
    { permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'] });
  await all_tests();
});
