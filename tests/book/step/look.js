// look.js CHROMIUM PROFILE BUILD/BOOK: opens the page that steps through runs
// and tries what a reader does.

const fs = require('node:fs');
const [executablePath, userDataDir, directory] = process.argv.slice(2);
const address = `file://${directory}/step.html`;
const browser = require('../edition/browser.js'), { test, accessible } = browser;
let page;

const open = (hash, width = 1280, mode = 'light') =>
  browser.open(address + hash, width, mode);

const seen = () => [...document.querySelectorAll('.call, .said, .stack, .kernel, .terminals, #where')]
  .map((one) => one.textContent).join('\n') + document.querySelector('.here')?.textContent;
const [hash, where] = ['location.hash', 'document.getElementById("where").textContent']
  .map((what) => () => page.evaluate(what));

async function there_and_back(name) {
  await open(`#scene=${name}`);
  return page.evaluate(`(() => {
    const seen = ${seen}, forth = [], wrong = [];
    const click = (id) => document.getElementById(id).click();
    do forth.push(seen()), click('step'); while (seen() !== forth.at(-1));
    if (forth.length < 50) wrong.push('only ' + forth.length + ' steps');
    for (let i = forth.length - 1; i >= 0; i--, click('back'))
      if (seen() !== forth[i]) wrong.push('step ' + i + ': ' + forth[i] + ' -> ' + seen());
    const odd = forth.findIndex((one) => /undefined|NaN|\\$|-\\d+ B/.test(
      one.split('\\n')[1] + one.match(/Backlog.*/)));
    if (odd >= 0) wrong.push('step ' + odd + ' is odd: ' + forth[odd]);
    return wrong;
  })()`);
}

async function keys() {
  await open('#scene=01&step=5');
  const places = [];
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'Home', 'b', 'End'])
    await page.keyboard.press(key), places.push((await where()).split(',')[0]);
  const last = (await where()).match(/of (\d+)/)[1];
  const b = await page.evaluate('scenes["01"].steps.findIndex((one) => one[1] === "B") + 1');
  const right = [6, 7, 6, 0, b, last].map((one) => `step ${one} of ${last}`);
  for (const key of ['Home', ' ']) await page.keyboard.press(key);
  await page.waitForFunction('/^step [3-9]/.test(document.getElementById("where").textContent)');
  await page.keyboard.press(' ');
  const paused = await where();
  await new Promise((resolve) => setTimeout(resolve, 700));
  return [`${places}` !== `${right}` && `${places} is not ${right}`,
    paused !== await where() && 'it goes on after a pause'];
}

async function links() {
  const wrong = [];
  await open('#scene=03&step=40&beside=04');
  await page.click('#step');
  for (const link of ['#scene=04&step=17', '#scene=06&step=0', await hash()]) {
    await open(link);
    if (await hash() !== link) wrong.push(`${link} becomes ${await hash()}`);
  }
  await open('#scene=nothing&step=x');
  if (!/step 0 /.test(await where())) wrong.push(`a wrong link leads to ${await where()}`);
  await page.evaluate('location.hash = "#scene=02&step=9"');
  await page.waitForFunction('/^step 9 /.test(document.getElementById("where").textContent)');
  return wrong;
}

// The links of the chapters name a kind of step, and there is one.
async function chapters() {
  const wrong = [], links = fs.readdirSync('.').filter((one) => /^0\d-/.test(one))
    .flatMap((one) => fs.readFileSync(`${one}/README.md`, 'utf8').match(/(?<=step\.html)#[^`]*/g) ?? []);
  for (const link of links) {
    await open(link);
    const asked = new URLSearchParams(link.slice(1)), now = await hash();
    if (!now.startsWith(`#scene=${asked.get('scene')}&`) || asked.has('kind') === /step=0\b/.test(now))
      wrong.push(`${link} leads to ${now}`);
  }
  return links.length < 12 ? [`there are ${links.length} links`] : wrong;
}

// Beside another, the run is marked that has just made a step.
async function marks() {
  const wrong = [], steps = async () => (await where()).match(/step \d+/g);
  await open('#scene=03&step=183&beside=04&also=125');
  for (let i = 0; i < 12; i++) {
    const before = await steps();
    await page.keyboard.press('ArrowRight');
    const moved = (await steps()).map((one, n) => one !== before[n]);
    const marked = await page.$$eval('.panel h2', (all) => all.map(
      (one) => getComputedStyle(one, '::after').visibility === 'visible'));
    wrong.push(`${moved}` !== `${marked}` && `at ${await where()}: moved ${moved}, marked ${marked}`);
  }
  return wrong;
}

async function ends() {
  await open('#scene=03&beside=04');
  await page.keyboard.press('End');
  const vain = await page.$$eval('.kernel', (all) => all.map((one) =>
    Number(/(\d+) said EAGAIN/.exec(one.textContent)?.[1])));
  await page.keyboard.press('b');
  const last = await where();
  await page.keyboard.press('ArrowLeft');
  return [!(vain[0] > 500 && vain[1] === 0) && `${vain} calls said EAGAIN`,
    !/B does nothing more/.test(last) && last, /nothing more/.test(await where()) && await where()];
}

async function touch() {
  await open('#scene=04', 360);
  await page.tap('#step');
  const box = await (await page.$('.row div')).boundingBox();
  await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
  const ms = Number((await where()).match(/([\d.]+) ms/)[1]);
  return [(ms < 600 || ms > 800) && `a tap in the middle leads to ${ms} ms`];
}

async function fits(width) {
  const wrong = [];
  for (const link of ['#scene=04&step=60', '#scene=06&step=60', '#scene=03&step=40&beside=04']) {
    await open(link, width);
    wrong.push(await page.evaluate(`document.documentElement.scrollWidth > innerWidth &&
      document.documentElement.scrollWidth + ' px'`));
    wrong.push(await page.evaluate(`document.querySelector('.legend').checkVisibility() ? '' : 'no legend'`));
  }
  return wrong;
}

async function without_script() {
  await page.setJavaScriptEnabled(false);
  await open('');
  await page.setJavaScriptEnabled(true); // for what follows, and to ask
  return page.evaluate(() => [...document.querySelectorAll('img')].filter((one) => one.naturalWidth > 0 &&
    one.checkVisibility()).length >= 6 && document.getElementById('app').hidden ? [] : ['no pictures']);
}

async function all_tests() {
  await open('');
  const names = await page.$$eval('#scene option', (all) => all.map((one) => one.value));
  for (const name of names)
    await test(`${name}: there and back again, the same is seen`, there_and_back(name));
  await test('the keyboard steps, jumps, plays and stops', keys());
  await test('a link leads to its moment', links());
  await test("the chapters' links lead to their moments", chapters());
  await test('beside another, the run that moved is marked', marks());
  await test('at the end, calls are counted, and no client does more', ends());
  await test('a finger steps, and moves along the timeline', touch());
  for (const width of [360, 700, 1280]) await test(`${width} px: nothing is wider than the page`, fits(width));
  for (const mode of ['light', 'dark'])
    for (const link of ['#scene=02&step=60', '#scene=06&step=80', '#scene=03&step=90&beside=04'])
      for (const width of [360, 1280]) {
        await open(link, width, mode);
        await test(`${mode}, ${width} px, ${link}: accessible`, accessible(page));
      }
  await test('without JavaScript, the pictures stand there', without_script());
}

browser.browse(executablePath, userDataDir, address, (given) => {
  page = given;
  return all_tests();
});
