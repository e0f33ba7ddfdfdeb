# headings.awk: the anchors that GitHub makes of headings.

# A heading's text as its reader sees it.
function plain(title) {
    gsub(/<\/?[a-z]+( [^>]*)?>/, "", title)
    while (match(title, /!?\[[^]]*\]\([^)]*\)/))
        title = substr(title, 1, RSTART - 1) \
            link_words(substr(title, RSTART, RLENGTH)) \
            substr(title, RSTART + RLENGTH)
    return title
}

function link_words(link) {
    sub(/^!?\[/, "", link)
    sub(/\]\(.*$/, "", link)
    return link
}

# Letters, digits, - and _ stay, a blank becomes -, and the rest goes.
function slug(title) {
    title = tolower(plain(title))
    gsub(/“|”|‘|’|–|—|…|×|→|←|≤|≥|·|≈/, "", title)
    gsub(/[!-,.\/:-@\[-^`{-~]/, "", title)
    gsub(/ /, "-", title)
    return title
}

# The anchor of the next heading of a file: what has been there gets a number.
function anchor(file, title,    made) {
    made = slug(title)
    if (slugs[file, made]++) made = made "-" slugs[file, made] - 1
    return made
}
