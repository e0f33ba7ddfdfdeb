// What the page does beyond what it says: copying, turning pages, the contents.
// Without this script it is all there to read.

const all = (selector) => [...document.querySelectorAll(selector)];
const contents = document.querySelector('nav.contents');
document.documentElement.classList.add('scripted');

// Copying: what is typed, and not the prompt before it.
const told = document.createElement('p');
told.className = 'told';
told.setAttribute('role', 'status');
document.body.append(told);

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

function say(button, text) {
  button.textContent = text;
  told.textContent = text;
  setTimeout(() => { button.textContent = 'copy'; }, 1500);
}

for (const typed of all('.typed')) {
  const button = document.createElement('button');
  const text = typed.textContent;
  button.className = 'copy';
  button.textContent = 'copy';
  button.setAttribute('aria-label', `copy ${text}`);
  button.addEventListener('click', () => copy(text).then(
    () => say(button, 'copied'), () => say(button, 'cannot copy')));
  typed.after(button);
}

// Terminals that stand side by side on a very wide page only.
const very_wide = matchMedia('(min-width: 100rem)');
const line_up = () => all('.session.wide').forEach((one) =>
  one.classList.toggle('lanes', very_wide.matches));
very_wide.addEventListener('change', line_up);
line_up();

// Contents: folded on a narrow page, and always showing where one is.
const fold = contents.querySelector('details');
const wide = matchMedia('(min-width: 62rem)');
const adapt = () => { fold.open = wide.matches; };
wide.addEventListener('change', adapt);
adapt();
contents.addEventListener('click', (event) => {
  if (event.target.closest('a') && !wide.matches) fold.open = false;
});

const sections = all('section.level2, section.level3');
const chapters = sections.filter((one) => one.matches('.level2'));
const above = (list, line) =>
  list.findLastIndex((one) => one.getBoundingClientRect().top <= line);
const entries = new Map(all('nav.contents li a').map(
  (link) => [decodeURIComponent(link.hash.slice(1)), link]));

let shown;
function follow() {
  const here = sections[above(sections, innerHeight / 3)];
  const entry = here && entries.get(here.id);
  if (entry === shown) return;
  shown?.removeAttribute('aria-current');
  all('nav.contents .current').forEach((one) =>
    one.classList.remove('current'));
  shown = entry;
  if (!entry) return;
  entry.setAttribute('aria-current', 'location');
  for (let item = entry.closest('li'); item;
    item = item.parentElement.closest('li')) item.classList.add('current');
  if (wide.matches) entry.scrollIntoView({ block: 'nearest' });
}

let asked = false;
addEventListener('scroll', () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => { asked = false; follow(); });
}, { passive: true });
follow();

// The arrow keys turn pages, but not of who scrolls a box with them.
addEventListener('keydown', (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const { ctrlKey, altKey, metaKey, shiftKey } = event;
  if (!step || ctrlKey || altKey || metaKey || shiftKey) return;
  if (document.activeElement.closest('pre, .picture, .table')) return;
  const chapter = chapters[above(chapters, innerHeight / 3) + step];
  if (!chapter && step > 0) return;
  event.preventDefault();
  location.hash = chapter ? chapter.id : 'top';
});

// What has to be scrolled can be, without a mouse.
for (const box of all('main pre, .picture, .table')) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
}

// Paper cannot be unfolded.
addEventListener('beforeprint', () => {
  for (const one of all('main details')) one.open = true;
});
