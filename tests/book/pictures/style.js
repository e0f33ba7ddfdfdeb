// style.js: the hand that the timelines are drawn in.
//
// Colour never stands alone: what is told by a colour is told by a pattern or a
// word as well. Words have a contrast of 4.5 : 1 to what they stand on, and
// outlines of 3 : 1 to the paper; keep that when you change a colour.

//          light: fill, line      dark: fill, line
const colours = {
  paper:   ['#ffffff', '#d0d7de', '#0d1117', '#30363d'],
  silent:  ['#f3f5f7', '#6e7781', '#1c2128', '#8b949e'],
  backlog: ['#fff4d1', '#8a5d00', '#33270a', '#d9a126'],
  echo:    ['#ffe8e6', '#c2222c', '#43191a', '#ff8079'],
  flood:   ['#f1e6ff', '#7444c9', '#2b1f47', '#b794ff'],
  drain:   ['#7444c9', '#7444c9', '#b794ff', '#b794ff'],
  wait:    ['#dcedff', '#0961c4', '#0f2d4d', '#63adff'],
  run:     ['#1a7f37', '#1a7f37', '#46c35a', '#46c35a'],
  again:   ['#fde0cc', '#ad4500', '#42220a', '#ff9d4d'],
  fuse:    ['#c2222c', '#c2222c', '#ff8079', '#ff8079'],
};
const light = { ink: '#1f2328', soft: '#57606a', grid: '#e4e8ec' };
const dark = { ink: '#e6edf3', soft: '#9ea7b3', grid: '#262c34' };

const pattern = (what, size, shape) =>
  `<pattern id="${what}" class="${what}-line" width="${size}" ` +
  `height="${size}" patternUnits="userSpaceOnUse">${shape}</pattern>`;
const patterns = {
  backlog: pattern('backlog', 8,
    '<path d="M-2 10L10 -2M-2 2L2 -2M6 10L10 6"/>'),
  echo: pattern('echo', 7, '<circle cx="3.5" cy="3.5" r="0.8"/>'),
  flood: pattern('flood', 6, '<path d="M0 3H6"/>'),
  again: pattern('again', 4, '<path stroke-width="1.6" d="M2 0V4"/>'),
};

function rules({ ink, soft, grid }, from) {
  const shapes = Object.entries(colours).map(([what, all]) => {
    const [fill, line] = all.slice(from);
    return `  .${what} { fill: ${fill}; stroke: ${line} }
  .${what}-line { stroke: ${line} } .on-${what} { fill: ${fill} }`;
  });
  return `${shapes.join('\n')}
  text { fill: ${ink} } .soft { fill: ${soft} }
  .grid { stroke: ${grid} } .mark { stroke: ${ink} }`;
}

const css = `  text { font: 13px system-ui, -apple-system, 'Segoe UI', \
'DejaVu Sans', sans-serif }
  .lesson { font-size: 19px; font-weight: 600 }
  .name { font-size: 15px; font-weight: 600 }
${rules(light, 0)}
  @media (prefers-color-scheme: dark) {
${rules(dark, 2)}
  }
  .fuse { stroke-width: 0 } .mark { stroke-width: 1.5 }`;

const escape = (text) => String(text).replace(/[&<>"]/g, (one) =>
  ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one]);

// About as wide as a browser makes it, rather more than less.
const text_width = (words, size) => words.length * size * 0.52;

module.exports = { css, patterns, escape, text_width };
