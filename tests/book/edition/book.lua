-- book.lua: what pandoc does not know of this book: chapters in files of their
-- own, sessions in several terminals, captions, pictures, where links lead.
--
-- The first file that pandoc is given is the frame. Those after it are chapters,
-- woven in at <!-- chapters -->.

local is_epub = FORMAT:match 'epub'

local function escape(text)
  return (text:gsub('[&<>"]',
    { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }))
end

local function raw(format, ...)
  return pandoc.RawBlock('html', format:format(...))
end

local function contents_of(file)
  local handle = assert(io.open(file, 'rb'))
  local text = handle:read 'a'
  handle:close()
  return text
end

local function walk(blocks, filter)
  return pandoc.walk_block(pandoc.Div(blocks), filter).content
end

-- One page of many files ------------------------------------------------------

local anchors, taken = {}, {} -- anchors[file][id in it] is the id on the page

-- A chapter's first heading is of level 2 on the page, whatever it is in its
-- file, and every heading has an id of its own. The page has a list of contents
-- itself.
local function read(file, first_level)
  local own, deeper = {}
  anchors[file] = own
  local text = contents_of(file):gsub('\n<!%-%- contents.-end of contents %-%->', '')
  return walk(pandoc.read(text, 'gfm').blocks, { Header = function(header)
    local id = header.identifier
    -- The book's own title is the page's.
    if first_level == 1 and not own[''] then header.identifier = 'top' end
    deeper = deeper or first_level - header.level
    header.level = header.level + deeper - (is_epub and 1 or 0)
    while taken[header.identifier] do
      header.identifier = header.identifier .. '-' .. file:match '^%w*'
    end
    taken[header.identifier] = true
    own[id], own[''] = header.identifier, own[''] or header.identifier
    return header
  end })
end

-- Paths are relative to the file they stand in; those on the page to build/book.
local function place(blocks, file)
  local function from_here(path)
    local count
    path = (file:match '^.*/' or '') .. path
    repeat path, count = path:gsub('[^/]+/%.%./', '', 1) until count == 0
    return path
  end
  return walk(blocks, {
    Image = function(image)
      image.src = from_here(image.src)
      return image
    end,
    Link = function(link)
      if link.target:match '^%a[%w+.-]*:' then return end
      local path, id = link.target:match '^([^#]*)#?(.*)$'
      path = path == '' and file or from_here(path)
      local own = anchors[path] or anchors[path:gsub('/?$', '/README.md')]
      if is_epub and not own then return link.content end
      link.target = own and '#' .. (own[id] or id) or '../../' .. path
      return link
    end,
  })
end

local function weave(doc)
  local files, texts, result = PANDOC_STATE.input_files, {}, pandoc.List()
  for i, file in ipairs(files) do texts[i] = read(file, i == 1 and 1 or 2) end
  for i, block in ipairs(place(texts[1], files[1])) do
    if i == 1 then doc.meta.title = pandoc.MetaInlines(block.content)
    elseif (block.text or ''):match '^<!%-%- chapters' then
      for n = 2, #files do result:extend(place(texts[n], files[n])) end
    else result:insert(block) end
  end
  return pandoc.Pandoc(result, doc.meta)
end

-- Sessions --------------------------------------------------------------------

-- A turn is what happens in one terminal before something happens in another.
-- Side by side, each terminal is a column (a lane), and time runs down.
local function session(text)
  local turns, terminals, parts, name, looking = {}, {}, {}, '', nil
  local function add(html, ...)
    local turn = turns[#turns]
    if not turn or turn.name ~= name then
      turn = { name = name }
      table.insert(turns, turn)
    end
    if not terminals[name] then
      table.insert(terminals, name)
      terminals[name] = #terminals
    end
    table.insert(turn, html:format(...))
  end
  for line in (text .. '\n\n'):gmatch '(.-)\n' do
    local typist, sign, typed = line:match '^(%w*)([$>]) (.*)$'
    local looked_at, later = line:match '^(%w+):$', line:match '^%((.* later)%)$'
    local is_output = line ~= '' and not (typist or looked_at or later)
    -- A terminal that we look at and that has nothing new says so.
    if looking and not is_output then add '<i>(nothing)</i>\n' end
    name, looking = typist or looked_at or name, looked_at
    if typist then
      local tag = typed:match '^%^%u$' and 'kbd' or 'b'
      add('<span class="line"><span class="prompt">%s%s </span><%s>%s</%s>\n' ..
        '</span>', typist, escape(sign), tag, escape(typed), tag)
    elseif is_output then add('%s\n', escape(line))
    elseif later then table.insert(turns, { later = later }) end
  end
  for i, each in ipairs(#terminals > 1 and terminals or {}) do
    parts[i] = ('<div class="lane t%d" style="grid-area: 1 / %d / %d" aria-' ..
      'hidden="true"><p class="terminal">%s</p></div>'):format(i, i,
      #turns + 2, each)
  end
  for i, turn in ipairs(turns) do
    local lane = terminals[turn.name]
    table.insert(parts, turn.later and
      ('<p class="later" style="grid-row: %d"><span>%s</span></p>'):format(
        i + 1, turn.later) or
      ('<div class="turn t%d" style="grid-area: %d / %d"><p class="terminal">' ..
        '%s</p><pre><code>%s</code></pre></div>'):format(lane, i + 1, lane,
        turn.name == '' and 'terminal' or turn.name, table.concat(turn)))
  end
  return raw('<div class="session">\n%s\n</div>', table.concat(parts, '\n'))
end

-- The rest --------------------------------------------------------------------

local function picture(image)
  local svg = contents_of(image.src)
  return raw('<div class="picture"><img alt="%s" width="%s" height="%s" ' ..
    'src="data:image/svg+xml,%s"></div>',
    escape(pandoc.utils.stringify(image.caption)), svg:match ' width="(%d+)"',
    svg:match ' height="(%d+)"', svg:gsub('[^%w /:;,=.()_-]', function(byte)
      return ('%%%02X'):format(byte:byte())
    end))
end

local function paragraph(block)
  if #block.content > 1 then return end
  local only = block.content[1]
  if only.t == 'Image' and not is_epub then return picture(only) end
  if only.t ~= 'Emph' or only.content[#only.content].text ~= ':' then return end
  only.content:remove() -- a caption of code: "*[file](file):*"
  return pandoc.Div(pandoc.Plain(only.content), pandoc.Attr('', { 'caption' }))
end

return { { Pandoc = weave }, {
  Para = paragraph,
  -- What make book makes lies beside the page.
  Code = function(code)
    local target = code.text:match '^build/book/(step%.html#.*)$'
    return target and not is_epub and pandoc.Link(pandoc.Code(target), target) or nil
  end,
  CodeBlock = function(block)
    return block.classes[1] == 'console' and session(block.text) or nil
  end,
  Table = function(block)
    return pandoc.Div(block, pandoc.Attr('', { 'table' }))
  end,
} }
