# figures.awk: a number with a unit is in the results that its paragraph links
# to, or in a session of the same section, or it is one of the constants, whose
# definitions are looked up. A text block that a caption says is from a result
# stands in that result.

BEGIN {
    unit_after = "^[ -]?(ns|us|µs|ms|s|seconds?|B|bytes?|[kKMGT]i?B|%|percent" \
        "|messages|instructions?|system calls?|calls|times|x|×)([^A-Za-z0-9_]|$)"
    unit_in_head = "(^|[ ,(])(ns|us|ms|s|seconds|B|bytes|[kKMGT]i?B|%|messages/s" \
        "|instructions|system calls)([^A-Za-z]|$)"
    read_constants("tests/book/constants.txt")
}

# Units have one name each, and a number no commas: 2,000 bytes is 2000 B.
function short_unit(unit) {
    sub(/^[ -]/, "", unit)
    sub(/[ -$&-,.-@[-`{-~]$/, "", unit)
    if (unit ~ /^seconds?$/) return "s"
    if (unit ~ /^bytes?$/) return "B"
    if (unit == "percent") return "%"
    if (unit == "µs") return "us"
    if (unit == "x" || unit == "×") return "times"
    if (length(unit) > 3) sub(/s$/, "", unit)
    return unit == "time" ? "times" : unit
}

function plain_number(number) {
    gsub(/,/, "", number)
    return number
}

function read_constants(file,    line, number, parts) {
    while ((getline line <file) > 0) {
        number++
        if (line ~ /^#/ || line ~ /^ *$/) continue
        if (split(line, parts, / [|] /) < 3)
            complain(file, number, "needs three fields: number | file | definition")
        else
            read_constant(file, number, parts[1], trimmed(parts[2]), \
                trimmed(substr(line, length(parts[1] parts[2]) + 7)))
    }
    close(file)
}

function read_constant(file, number, figure, from, definition) {
    match(figure, /[0-9][0-9,.]*/)
    constant[plain_number(substr(figure, RSTART, RLENGTH)), \
        short_unit(trimmed(substr(figure, RSTART + RLENGTH)))] = 1
    if (from != "-" && !stands_in(from, definition))
        complain(file, number, "`" definition "` does not stand in " from)
}

function stands_in(file, definition,    line) {
    load(file)
    for (line = 1; line <= size[file]; line++)
        if (index(text[file, line], definition)) return 1
    return 0
}

# All numbers of a text become indices of an array.
function take_numbers(line, array,    number) {
    while (match(line, /[0-9][0-9,]*([.][0-9]+)?/)) {
        number = substr(line, RSTART, RLENGTH)
        line = substr(line, RSTART + RLENGTH)
        array[plain_number(number)]
    }
}

# Whether a result has this number. What it says of the machine, and when it was,
# does not count.
function in_result(file, number,    line, numbers) {
    if (!(file in taken)) {
        taken[file]
        load(file)
        for (line = 3; line <= size[file]; line++)
            if (text[file, line] !~ /[0-9]-[0-9][0-9]-[0-9][0-9]( [0-9:]+)?$/)
                take_numbers(text[file, line], numbers)
        for (line in numbers) result[file, line]
    }
    return (file, number) in result
}

# Whether a session of the section shows it, with as many decimals or more.
function in_session(number,    decimals, each) {
    if (number in session) return 1
    decimals = index(number, ".") ? length(number) - index(number, ".") : 0
    if (!decimals) return 0
    for (each in session)
        if (sprintf("%." decimals "f", each) == number) return 1
    return 0
}

# --- the blocks -------------------------------------------------------------

function block(language, caption, first, last,    line) {
    if (language == "text" && caption ~ /^\*From \[.*\]\([^)]*\):\*$/)
        check_result(caption, first, last)
    else if (language != "console")
        return
    for (line = first; line <= last; line++) take_numbers(book[line], session)
}

function check_result(caption, first, last,    file) {
    file = caption
    sub(/^.*\]\(/, "", file)
    sub(/\):\*$/, "", file)
    if (!is_result(file))
        wrong(first - 1, "the caption names " file ", which is no file in tests/book/results/")
    else if (load(file))
        from_results += excerpt(file, file, first, last)
}

function is_result(file) { return file ~ /^tests\/book\/results\/[^\/]*[.]txt$/ }

# --- the text ---------------------------------------------------------------

# The results that a paragraph links to; what it says must be the command.
function results_of(text, line,    link, file, command, found) {
    while (match(text, /\[[^]]*\]\(tests\/book\/results\/[^)]*\)/)) {
        link = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        command = file = link
        sub(/\]\(.*/, "", command)
        sub(/.*\]\(/, "", file)
        gsub(/`/, "", command)
        check_command(line, command, file)
        found = found file " "
    }
    return found
}

function check_command(line, command, file,    measured_by) {
    if (!load(file)) {
        wrong(line, file " is not there")
        return
    }
    measured_by = text[file, 1]
    sub(/^[$] /, "", measured_by)
    if (index(command, measured_by) != 1)
        wrong(line, "`" command "` is not what " file " comes from: `" measured_by "`")
}

# What is left of the text: no code, no targets of links.
function prose(text) {
    gsub(/`[^`]*`/, "`", text)
    gsub(/\]\([^)]*\)/, "]", text)
    gsub(/&nbsp;/, " ", text)
    gsub(/[*]/, "", text)
    return text
}

function paragraph(first, last, kind,    line) {
    paragraphs++
    kind_of[paragraphs] = kind
    results[paragraphs] = results_of(joined(first, last), first)
    take_figures(prose(joined(first, last)), first, last)
    if (kind == "table") take_columns(first, last)
}

# Numbers before a unit, and those in "10 to 20 us".
function take_figures(text, first, last,    number, unit, between, before) {
    while (match(text, /[0-9][0-9,]*([.][0-9]+)?/)) {
        between = substr(text, 1, RSTART - 1)
        before = between == "" ? "" : substr(between, length(between))
        last_number = number
        number = substr(text, RSTART, RLENGTH)
        text = substr(text, RSTART + RLENGTH)
        if (before ~ /[A-Za-z_]/) {
            number = ""
            continue
        }
        if (sub(/,$/, "", number)) text = "," text
        if (match(text, unit_after))
            unit = short_unit(substr(text, 1, RLENGTH))
        else if (results[paragraphs] != "" && number ~ /[.]/)
            unit = "" # where something was measured, it was, too
        else
            continue
        take_figure(number, unit, first, last)
        if (last_number != "" && between ~ /^( to | or | and | ?[.][.] ?|-|–)$/)
            take_figure(last_number, unit, first, last)
    }
}

function take_figure(number, unit, first, last) {
    while (first < last && !index(book[first], number)) first++
    figures++
    number_of[figures] = plain_number(number)
    unit_of[figures] = unit
    written[figures] = trimmed(number " " unit)
    figure_at[figures] = first
    figure_in[figures] = paragraphs
}

# The cells below a heading that has a unit.
function take_columns(first, last,    heads, cells, columns, column, line) {
    columns = split(prose(book[first]), heads, "|")
    for (column = 1; column <= columns; column++) {
        if (!match(heads[column], unit_in_head))
            continue
        for (line = first + 2; line <= last; line++) {
            split(prose(book[line]), cells, "|")
            if (match(cells[column], /^ *[0-9][0-9,]*([.][0-9]+)? *$/))
                take_figure(trimmed(cells[column]), \
                    trimmed(heads[column]), line, line)
        }
    }
}

# --- at the end of a section ------------------------------------------------

# What a figure may come from: its own paragraph's results; a table's, those of
# the paragraphs around it; an item's, those of what introduces the list.
function sources(paragraph_,    found, before) {
    found = results[paragraph_]
    before = paragraph_ - 1
    if (kind_of[paragraph_] == "table")
        found = found results[before] results[paragraph_ + 1]
    if (kind_of[paragraph_] == "item") {
        while (kind_of[before] == "item") before--
        found = found results[before]
    }
    return found
}

function check_figure(i,    files, file) {
    for (file = split(sources(figure_in[i]), files, " "); file > 0; file--)
        if (in_result(files[file], number_of[i])) {
            used[files[file]]
            measured++
            return
        }
    if ((number_of[i], unit_of[i]) in constant)
        made++
    else if (in_session(number_of[i]))
        in_sessions++
    else if (sources(figure_in[i]) == "")
        wrong(figure_at[i], written[i] ": no link to the result that it comes from, and no constant")
    else
        wrong(figure_at[i], written[i] ": not in " sources(figure_in[i]))
}

function end_section(    i) {
    for (i = 1; i <= figures; i++) check_figure(i)
    figures = paragraphs = 0
    split("", results)
    split("", kind_of)
    split("", session)
}

function heading(line, level, title) { end_section() }

function finish(    file, files) {
    end_section()
    for (file in used) files++
    count(measured + 0 " figures from " files + 0 " results, " in_sessions + 0 \
        " from sessions, " made + 0 " constants")
}
