// What the page does beyond what it says. Without this script it is all there
// to read.

const all = (selector) => [...document.querySelectorAll(selector)];
const chapters = all('section.level2');
const sections = all('section.level2, section.level3');
const fold = document.querySelector('nav.contents details');
const wide = matchMedia('(min-width: 62rem)');
document.documentElement.classList.add('scripted');

// Copying: what is typed, and not the prompt before it.
for (const typed of all('.line b')) {
  const button = document.createElement('button');
  const say = (words) => {
    button.textContent = words;
    setTimeout(() => { button.textContent = 'copy'; }, 1500);
  };
  button.className = 'copy';
  button.textContent = 'copy';
  button.ariaLive = 'polite';
  button.onclick = () => navigator.clipboard.writeText(typed.textContent)
    .then(() => say('copied'), () => say('cannot copy'));
  typed.after(button);
}

// The arrow keys turn pages, unless they scroll a box.
const here = (list) => list.findLastIndex(
  (one) => one.getBoundingClientRect().top <= innerHeight / 3);
addEventListener('keydown', (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey ||
    document.activeElement.closest('pre, .picture, .table')) return;
  const chapter = chapters[here(chapters) + step];
  if (chapter || step < 0) location.hash = chapter ? chapter.id : 'top';
});

// The contents show where one is. On a narrow page they are folded.
let shown;
function follow() {
  const id = sections[here(sections)]?.id ?? 'top';
  const entry = fold.querySelector(`a[href="#${CSS.escape(id)}"]`);
  if (entry === shown) return;
  shown?.removeAttribute('aria-current');
  shown = entry;
  shown.setAttribute('aria-current', 'location');
  all('.contents li').forEach(
    (one) => one.classList.toggle('current', one.contains(shown)));
  if (wide.matches) shown.scrollIntoView({ block: 'nearest' });
}
addEventListener('scroll', () => requestAnimationFrame(follow));
fold.onclick = (event) => { fold.open &&= wide.matches || !event.target.href; };

// Terminals stand side by side where they fit. What is wider than the page is
// scrolled in its box, also with the keys; a picture fades where there is more.
let width;
function fit() {
  if (width === innerWidth) return;
  width = innerWidth;
  fold.open = wide.matches;
  for (const session of all('.session:has(.lane)')) {
    session.classList.add('lanes');
    session.classList.toggle('lanes', ![session, ...session.querySelectorAll(
      'pre')].some((one) => one.scrollWidth > one.clientWidth + 1));
  }
  for (const box of all('main pre, .picture, .table')) {
    box.onscroll = () => box.classList.toggle('cut',
      box.scrollLeft + box.clientWidth + 1 < box.scrollWidth);
    box.onscroll();
    if (box.classList.contains('cut')) box.tabIndex = 0;
  }
  follow();
}
addEventListener('resize', fit);
document.fonts.ready.then(fit);

// Paper cannot be unfolded.
addEventListener('beforeprint', () => all('details').forEach(
  (one) => { one.open = true; }));
