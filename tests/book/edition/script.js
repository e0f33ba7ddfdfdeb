// What the page does beyond what it says. Without this script it is all there
// to read.

const all = (selector) => [...document.querySelectorAll(selector)];
const chapters = all('section.level2');
const sections = all('section.level2, section.level3');
const fold = document.querySelector('nav.contents details');
const wide = matchMedia('(min-width: 62rem)');
document.documentElement.classList.add('scripted');

// Copying: what is typed, and not the prompt before it.
const told = document.createElement('p');
told.className = 'told';
told.setAttribute('role', 'status');
document.body.append(told);
for (const typed of all('.line b')) {
  const button = document.createElement('button');
  const say = (words) => {
    told.textContent = button.textContent = words;
    setTimeout(() => { button.textContent = 'copy'; }, 1500);
  };
  button.className = 'copy';
  button.textContent = 'copy';
  button.setAttribute('aria-label', `copy ${typed.textContent}`);
  button.onclick = () => navigator.clipboard.writeText(typed.textContent)
    .then(() => say('copied'), () => say('cannot copy'));
  typed.after(button);
}

// Turning pages, with links and with the arrow keys.
chapters.forEach((chapter, i) => {
  const link = (to, rel, words) => to ? `<a rel="${rel}" href="#${to.id}">` +
    `<span>${words}</span> ${to.querySelector('h2').innerHTML}</a>` : '';
  chapter.insertAdjacentHTML('beforeend', '<nav class="pager">' +
    link(chapters[i - 1], 'prev', '← Previous') +
    link(chapters[i + 1], 'next', 'Next →') + '</nav>');
});
const here = (list) => list.findLastIndex(
  (one) => one.getBoundingClientRect().top <= innerHeight / 3);
addEventListener('keydown', (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey ||
    document.activeElement.closest('pre, .picture, .table')) return;
  const chapter = chapters[here(chapters) + step];
  if (chapter || step < 0) location.hash = chapter ? chapter.id : 'top';
});

// The contents show where one is, and on a narrow page they are folded.
let shown;
function follow() {
  const id = sections[here(sections)]?.id;
  const entry = id && fold.querySelector(`a[href="#${CSS.escape(id)}"]`);
  if (entry === shown) return;
  shown?.removeAttribute('aria-current');
  all('.contents .current').forEach((one) => one.classList.remove('current'));
  shown = entry;
  shown?.setAttribute('aria-current', 'location');
  for (let item = shown; (item = item?.parentElement.closest('li'));) {
    item.classList.add('current');
  }
  if (wide.matches) shown?.scrollIntoView({ block: 'nearest' });
}
addEventListener('scroll', () => requestAnimationFrame(follow));
fold.onclick = (event) => { fold.open &&= wide.matches || !event.target.href; };

// Terminals stand side by side where they fit. What does not fit on the page is
// scrolled in its box, also with the keys, and fades where there is more.
function fit() {
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
