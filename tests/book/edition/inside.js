// inside.js: what look.js runs in the page. Each function stands by itself, for
// it is sent there as text; most return what is wrong, a list of lines.

exports.frame = () => new Promise((resolve) => {
  requestAnimationFrame(() => requestAnimationFrame(resolve));
});

exports.chapters = () =>
  [...document.querySelectorAll('section.level2')].map((one) => one.id);

exports.go_to = (id) => {
  document.getElementById(id).scrollIntoView();
  return new Promise((resolve) => setTimeout(resolve, 100));
};

exports.focused = () => {
  const { left, top, width } = document.activeElement.getBoundingClientRect();
  return { text: document.activeElement.textContent,
    visible: left >= 0 && top >= 0 && width > 0 };
};

// On a phone, what is too wide makes the page wider than the screen.
exports.too_wide = (width) => {
  document.querySelectorAll('main details').forEach((one) => one.open = true);
  const page = document.documentElement;
  if (page.scrollWidth <= width && innerWidth <= width) return [];
  const culprits = [...document.querySelectorAll('main *')]
    .filter((one) => one.scrollWidth > one.clientWidth && one.clientWidth &&
      !one.closest('pre, .picture, .table'));
  return [`${page.scrollWidth} px`, ...culprits.map((one) =>
    `${one.localName}.${one.className}: ${one.textContent.slice(0, 60)}`)];
};

exports.links = () => {
  const links = [...document.querySelectorAll('a[href]')]
    .map((one) => one.getAttribute('href'));
  const own = links.filter((href) => href.startsWith('#'));
  return {
    broken: own.filter((href) =>
      !document.getElementById(decodeURIComponent(href.slice(1)))),
    files: [...new Set(links.filter((href) => !/^(#|\w+:)/.test(href)))]
      .map((href) => href.replace(/#.*/, '')),
  };
};

exports.copy_all = async () => {
  const copied = [];
  for (const button of document.querySelectorAll('button.copy')) {
    await navigator.clipboard.writeText('nothing');
    button.click();
    while (button.textContent === 'copy') {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    copied.push(await navigator.clipboard.readText());
  }
  return copied;
};

exports.print = () => {
  dispatchEvent(new Event('beforeprint'));
  const wrong = [];
  const shows = (one) => one.checkVisibility();
  for (const selector of ['nav', 'button', '.skip']) {
    if ([...document.querySelectorAll(selector)].some(shows)) wrong.push(selector);
  }
  if (document.querySelector('main details:not([open])')) wrong.push('a fold');
  if (!shows(document.querySelector('.list'))) wrong.push('no contents');
  const paper = getComputedStyle(document.body).backgroundColor;
  if (paper !== 'rgba(0, 0, 0, 0)') wrong.push(`paper is ${paper}`);
  return wrong;
};

// 4.5 : 1 for words, 3 : 1 for large ones: AA of the Web Content Accessibility
// Guidelines.
exports.contrast = () => {
  const numbers = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((one) => one / 255).map(
      (one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // What is painted last behind an element. Lanes lie behind their turns.
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour[3] === 1) return colour;
      if (colour[3] > 0) throw new Error('half a background');
      const lane = one.matches('.lanes .turn') &&
        one.parentElement.querySelector('.lane');
      if (lane) return behind(lane);
    }
  };
  document.querySelectorAll('details').forEach((one) => one.open = true);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const wrong = new Set();
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility() ||
      element.matches('script, style')) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
    const ink = numbers(style.color), paper = behind(element);
    const [low, high] = [luminance(ink), luminance(paper)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    seen++;
    if (ratio < (large ? 3 : 4.5)) {
      wrong.add(`${element.localName}.${element.className}: ${style.color} on ` +
        `${paper} is ${ratio.toFixed(2)}`);
    }
  }
  return seen > 5000 ? [...wrong] : [`only ${seen} pieces of text`];
};
