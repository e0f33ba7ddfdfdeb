#!/usr/bin/env bats
# The edition to read, without a browser: make test-book looks at it in one.

bats_require_minimum_version 1.5.0

setup() {
  cd "$BATS_TEST_DIRNAME/../.." || exit
  pieces=$PWD/tests/book/edition
}

@test "make book and make test-book first name all that is missing, and what brings it" {
  mkdir "$BATS_TEST_TMPDIR/bin"
  ln -s "$(command -v bash)" "$(command -v dirname)" "$BATS_TEST_TMPDIR/bin"
  [ ! -e '/Applications/Google Chrome.app' ] || skip "Chrome is there"
  for goal in book test-book; do
    PATH=$BATS_TEST_TMPDIR/bin run -1 bash "$pieces/book" "$goal"
    [[ "$output" == *"missing is chromium pandoc"*"make deps-all brings it" ]]
  done
  [[ "$output" == *" pandoc npm unzip xmllint;"* ]]
}

@test "a chapter in a file of its own is part of the page, and links and pictures are right" {
  command -v pandoc >/dev/null || skip "pandoc is missing"
  cd "$BATS_TEST_TMPDIR" && mkdir 01-a 02-b
  echo '<svg width="8" height="4"></svg>' >02-b/p.svg
  printf '# One\n\n## First\n\n[1](../02-b/README.md#first), [2](x.c)\n' >01-a/README.md
  printf '# Two\n\n## First\n\n![P](p.svg)\n\n[3](#first), [4](../BOOK.md#end)\n' >02-b/README.md
  printf '# B\n\n## 0. Zero\n\n[5](01-a/)\n\n<!-- chapters -->\n\n## 7. End\n\n## End\n' >BOOK.md
  run pandoc --from gfm --to html --lua-filter "$pieces/book.lua" BOOK.md 0*/README.md
  echo "$output"
  [ "$(grep -o '<h[1-6] id="[a-z0-9-]*' <<<"$output" | tr '\n' ' ')" = \
    '<h2 id="0-zero <h2 id="one <h3 id="first <h2 id="two <h3 id="first-02 <h2 id="7-end <h2 id="end ' ]
  [ "$(grep -o 'href="[^"]*' <<<"$output" | tr '\n' ' ')" = \
    'href="#one href="#first-02 href="../../01-a/x.c href="#first-02 href="#end ' ]
  [[ "$output" == *'width="8"'*'data:image/svg+xml,%3Csvg'* ]]
}
