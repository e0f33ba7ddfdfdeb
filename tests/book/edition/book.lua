-- book.lua: what pandoc does not know of TUTORIAL.md: captions of code, diffs,
-- sessions in several terminals, and where links and pictures go.
--
-- EDITION says what is made: screen (the page), print (a page for the PDF) or
-- epub. What is told apart by colour alone nowhere stands: a diff keeps its
-- signs, and a session its prompts.

local edition = os.getenv 'EDITION' or 'screen'

-- In characters: how wide terminals that stand side by side may be together, on
-- a wide screen and on a very wide one; the margins of each; how much of a
-- command stands in a line at least, and its copy button.
local LANES_WIDTH, WIDE_LANES_WIDTH = 114, 150
local MARGINS, COMMAND_WIDTH, COPY_WIDTH = 6, 40, 6

local function escape(text)
  return (text:gsub('[&<>"]', {
    ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;',
  }))
end

local function raw(format, ...)
  return pandoc.RawBlock('html', format:format(...))
end

local function lines_of(text)
  return (text .. '\n'):gmatch '(.-)\n'
end

-- Sessions ------------------------------------------------------------------

-- A list of turns: { name = TERMINAL, lines = { { kind, text, prompt } } }, or
-- { later = TEXT }. Who goes on in the same terminal adds to its turn.
local function turns_of(text)
  local turns = {}

  local function turn_of(name)
    local last = turns[#turns]
    if last and last.name == name then return last end
    turns[#turns + 1] = { name = name, lines = {} }
    return turns[#turns]
  end

  local function add(name, kind, line, prompt)
    local lines = turn_of(name).lines
    lines[#lines + 1] = { kind = kind, text = line, prompt = prompt }
  end

  local name = ''
  for line in lines_of(text) do
    local typist, sign, typed = line:match '^(%w*)([$>]) (.*)$'
    local looked_at = line:match '^(%w+):$'
    if typist then
      name = typist
      add(name, typed:match '^%^%u$' and 'key' or 'typed', typed,
          typist .. sign .. ' ')
    elseif looked_at then
      name = looked_at
      add(name, 'look', '')
    elseif line:match '^%(.* later%)$' then
      turns[#turns + 1] = { later = line:sub(2, -2) }
    elseif line ~= '' then
      add(name, 'output', line)
    end
  end
  return turns
end

local function width_of(line)
  local width = utf8.len(line.text) + #(line.prompt or '')
  if line.kind ~= 'typed' then return width end
  return math.min(width, COMMAND_WIDTH) + COPY_WIDTH
end

-- The terminals in the order of their first words, and how wide each is.
local function terminals_of(turns)
  local terminals, total = {}, 0
  for _, turn in ipairs(turns) do
    local name = turn.name
    if name and not terminals[name] then
      terminals[#terminals + 1] = name
      terminals[name] = { number = #terminals, width = 16 }
    end
    for _, line in ipairs(turn.lines or {}) do
      terminals[name].width = math.max(terminals[name].width, width_of(line))
    end
  end
  for _, name in ipairs(terminals) do
    terminals[name].width = terminals[name].width + MARGINS
    total = total + terminals[name].width
  end
  return terminals, total
end

-- How a session with these terminals is laid out.
local function layout_of(terminals, width)
  if #terminals == 1 or width > WIDE_LANES_WIDTH then return '' end
  return width > LANES_WIDTH and ' wide' or ' lanes'
end

local function label(name)
  return name == '' and 'terminal' or escape(name)
end

local function line_of(line, following)
  local text = escape(line.text)
  if line.kind == 'output' then return text .. '\n' end
  if line.kind == 'look' then
    -- Whoever is looked at and has said nothing new says so in our words.
    local silent = not following or following.kind ~= 'output'
    return silent and '<i class="nothing">(nothing)</i>\n' or ''
  end
  local tag = line.kind == 'key' and 'kbd' or 'b'
  return ('<span class="line"><span class="prompt">%s</span>' ..
    '<%s class="%s">%s</%s>\n</span>'):format(
    escape(line.prompt), tag, line.kind, text, tag)
end

local function turn_in_html(turn, row, terminals)
  if turn.later then
    return ('<p class="later" style="grid-row: %d"><span>%s</span></p>\n')
      :format(row, escape(turn.later))
  end
  local number = terminals[turn.name].number
  local parts = {}
  for i, line in ipairs(turn.lines) do
    parts[#parts + 1] = line_of(line, turn.lines[i + 1])
  end
  return ('<div class="turn t%d" style="grid-area: %d / %d">' ..
    '<p class="terminal">%s</p><pre><code>%s</code></pre></div>\n'):format(
    number, row, number, label(turn.name), table.concat(parts))
end

-- Where there is room, each terminal is a column, and time runs down.
local function session(text)
  local turns = turns_of(text)
  local terminals, width = terminals_of(turns)
  local layout = layout_of(terminals, width)
  local columns, lanes, rows = {}, {}, {}
  for i, name in ipairs(terminals) do
    columns[i] = ('minmax(0, %dfr)'):format(terminals[name].width)
    lanes[i] = ('<div class="lane t%d" aria-hidden="true" ' ..
      'style="grid-area: 1 / %d / %d"><p class="terminal">%s</p></div>\n')
      :format(i, i, #turns + 2, label(name))
  end
  for i, turn in ipairs(turns) do
    rows[i] = turn_in_html(turn, i + 1, terminals)
  end
  return raw('<div class="session%s" style="--lanes: %s">\n%s%s</div>',
    layout, table.concat(columns, ' '),
    layout ~= '' and table.concat(lanes) or '', table.concat(rows))
end

-- Code ----------------------------------------------------------------------

local function diff(text)
  local parts = {}
  for line in lines_of(text) do
    local tag = ({ ['+'] = 'ins', ['-'] = 'del' })[line:sub(1, 1)] or 'span'
    parts[#parts + 1] = ('<%s>%s\n</%s>'):format(tag, escape(line), tag)
  end
  return raw('<pre class="diff"><code>%s</code></pre>', table.concat(parts))
end

local function code(block)
  if block.classes[1] == 'console' then return session(block.text) end
  if block.classes[1] == 'diff' then return diff(block.text) end
  return block
end

-- The words of a caption, "*[file](file):*", without the colon; or nil.
local function caption(block)
  if block.t ~= 'Para' or #block.content ~= 1 then return end
  local words = block.content[1]
  if words.t ~= 'Emph' or pandoc.utils.stringify(words):sub(-1) ~= ':' then
    return
  end
  words = words.content:clone()
  words:remove()
  return words
end

-- Pictures ------------------------------------------------------------------

local function picture_in_file(image)
  local file = assert(io.open(image.src, 'rb'))
  local svg = file:read 'a'
  file:close()
  -- What SVG has and an address must not have is written as numbers.
  local address = svg:gsub('[^%w /:;,=.()_-]', function(byte)
    return ('%%%02X'):format(byte:byte())
  end)
  return raw('<figure class="picture"><img alt="%s" width="%s" height="%s" ' ..
    'src="data:image/svg+xml;charset=utf-8,%s"></figure>',
    escape(pandoc.utils.stringify(image.caption)), svg:match ' width="(%d+)"',
    svg:match ' height="(%d+)"', address)
end

local function picture_of(block)
  local image = block.t == 'Para' and #block.content == 1 and block.content[1]
  if edition == 'epub' or not image or image.t ~= 'Image' then return end
  return picture_in_file(image)
end

-- Tables --------------------------------------------------------------------

local function scrollable(block)
  local classes = { 'table', #block.colspecs > 2 and 'wide' or nil }
  return pandoc.Div(block, pandoc.Attr('', classes))
end

-- All together --------------------------------------------------------------

-- The page has its own table of contents; that of the file is for print.
local function contents_or_fold(block)
  if block.text:match '^<!%-%- contents' then return raw '<div class="list">' end
  if block.text:match '^<!%-%- end of cont' then return raw '</div>' end
  if edition == 'print' and block.text:match '^<details>' then
    return raw('%s', (block.text:gsub('^<details>', '<details open>')))
  end
  return block
end

function Blocks(blocks)
  local result = pandoc.List()
  local i = 1
  while i <= #blocks do
    local block, following = blocks[i], blocks[i + 1]
    local words = following and following.t == 'CodeBlock' and caption(block)
    if words then
      result:extend { raw '<figure class="code"><figcaption>',
        pandoc.Plain(words), raw '</figcaption>', code(following),
        raw '</figure>' }
      i = i + 1
    elseif block.t == 'CodeBlock' then
      result:insert(code(block))
    elseif block.t == 'RawBlock' then
      result:insert(contents_or_fold(block))
    elseif block.t == 'Table' then
      result:insert(scrollable(block))
    else
      result:insert(picture_of(block) or block)
    end
    i = i + 1
  end
  return result
end

-- The page stands in build/book. Elsewhere, the files are not at hand.
function Link(link)
  if link.target:match '^#' or link.target:match '^%a+:' then return end
  if edition ~= 'screen' then return link.content end
  link.target = '../../' .. link.target
  return link
end

local function pager(before, after)
  local parts = {}
  local function add(chapter, rel, format)
    if not chapter then return end
    parts[#parts + 1] = ('<a rel="%s" href="#%s">' .. format .. '</a>'):format(
      rel, chapter.identifier,
      escape(pandoc.utils.stringify(chapter.content)))
  end
  add(before, 'prev', '<span>← Previous</span> %s')
  add(after, 'next', '<span>Next →</span> %s')
  return raw('<nav class="pager" aria-label="Chapters">%s</nav>',
    table.concat(parts))
end

function Pandoc(doc)
  if edition == 'epub' then return end -- whose readers turn pages themselves
  local result, chapters = pandoc.List(), pandoc.List()
  for _, block in ipairs(doc.blocks) do
    if block.t == 'Header' and block.level == 2 then chapters:insert(block) end
  end
  local number = 0
  local function turn_page()
    if edition == 'screen' then
      result:insert(pager(chapters[number - 1], chapters[number + 1]))
    end
    number = number + 1
  end
  for _, block in ipairs(doc.blocks) do
    if block.t == 'Header' and block.level == 1 then
      doc.meta.title = pandoc.MetaInlines(block.content)
    else
      if block == chapters[number + 1] then turn_page() end
      result:insert(block)
    end
  end
  turn_page()
  return pandoc.Pandoc(result, doc.meta)
end
