# log.awk: one round of a soak, from the server's log and the clients' accounts,
# which are in one file:
#
#        4.870 [5] received 6 bytes: "hello\n"
#     account: quick 53312 6 6
#
# Every line has to be one of the log's, and for each connection
#
#     heard by the client <= echoed <= received <= sent by the client
#
# with equality all the way for a client that stayed to the end. A client and
# its connection meet by the port, and by how often the port was used before.
#
# Prints five lines of what is wrong at most, and last: connections, bytes
# echoed and sent, warnings, and how much is wrong.

function wrong(what, line) {
  if (++wrongs <= 5) print "WRONG: " what (line ? ": " line : "")
}

function count(number, word) {
  return number " " word (number == 1 ? "" : "s")
}

$1 == "account:" && NF == 5 {
  key = $3 SUBSEP (++accounts[$3])
  name[key] = $2; sent[key] = $4; heard[key] = $5
  sent_in_all += $4
  next
}

!/^ *[0-9]+\.[0-9][0-9][0-9] / { wrong("a line without a time", $0); next }

/ listening on 127\.0\.0\.1:[0-9]+$/ { next }

/ warning: cannot accept: Too many open files; pausing$/ { warnings++; next }

$2 == "stopped:" {
  expected = "served " count(accepted_before + accepted, "connection") \
    ", echoed " count(echoed_before + echoed_in_all, "byte")
  sub(/^ *[0-9.]+ stopped: /, "")
  if ($0 != expected) wrong("the server " expected ", and says", $0)
  next
}

$2 ~ /^\[[0-9]+\]$/ && $3 == "accepted" && NF == 4 {
  if ($2 in owner) wrong("a descriptor that is not closed", $0)
  split($4, part, ":")
  owner[$2] = part[2] SUBSEP (++connections[part[2]])
  last[$2] = $1
  accepted++
  next
}

$2 in owner && /received (1 byte|[0-9]+ bytes): ".*"(\.\.\.)?$/ {
  received[owner[$2]] += $4; last[$2] = $1
  next
}

$2 in owner && / closed: .*; echoed (1 byte|[0-9]+ bytes)$/ {
  key = owner[$2]
  echoed_in_all += echoed[key] = $(NF - 1)
  why[key] = $0
  gsub(/^.* closed: |; echoed .*$/, "", why[key])
  if (why[key] ~ /^idle/ && $1 - last[$2] < expire - 0.0015)
    wrong("before its time, after " $1 - last[$2] " s", $0)
  delete owner[$2]
  next
}

{ wrong("not a line of the contract", $0) }

# A good client meant to get everything back, so it ends in order. 06 closes
# those that are silent or do not read.
function judge(key,    good, fair, line) {
  line = name[key] " sent " sent[key] ", the server received " \
    received[key] + 0 " and echoed " echoed[key] ", the client heard " \
    heard[key] "; closed: " why[key]
  good = name[key] ~ /^(crowd|quick|burst|half-close|bulk|drip)$/
  if (heard[key] > echoed[key] || echoed[key] > received[key] + 0 ||
      received[key] + 0 > sent[key] || (good && heard[key] != sent[key]))
    wrong("bytes do not balance", line)
  fair = why[key] == "client closed"
  if (!good && why[key] ~ /^(Connection reset by peer|Broken pipe)$/) fair = 1
  if (why[key] == "idle for " expire " s") fair = !good || sent[key] == 0
  if (!fair) wrong("no reason to close it", line)
}

END {
  for (fd in owner) wrong("connection " fd " is not closed")
  for (key in echoed)
    if (!(key in sent)) wrong("a connection without a client")
  for (key in sent)
    if (key in echoed) judge(key)
    else wrong("no connection for client " name[key])
  printf "%.0f %.0f %.0f %d %d\n", accepted, echoed_in_all, sent_in_all, \
    warnings, wrongs
}
