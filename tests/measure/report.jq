# report.jq: from samples to rows, and from rows to tables.
#
# A sample is {scene, server, figures...}, or {scene, server, dash: REASON} of
# what cannot be measured. A row is all samples of one server in one scene: each
# figure is the median, but server_cpu_us is the lowest round; rate, with its
# lowest and highest round, is what the scene compares, and *_ratio is to the
# reference. A server that failed in one round has no figures from the others:
# half a measurement would look like a whole one.

def rounded: . * 10000 | round | . / 10000;
def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2 | rounded;
def rate_key: {bulk: "mb_per_s", connect: "connects_per_s"}[.] // "messages_per_s";

# CPU time per message is not taken from a round in which so few came back that
# most of it may have been taken before the clock started.
def cpu: map(select(.messages == null or .messages > .clients * .pipeline)
             | .server_cpu_us // empty) | min | values | {server_cpu_us: .};

def figures: . as $samples
  | [.[] | to_entries[] | select(.value | type == "number") | .key] | unique
  | map(select(startswith("errors") | not)
        | {(.): [$samples[][.] | numbers] | median}) | add;

def rates($key): [.[][$key] | numbers]
  | select(. != []) | {rounds: length, rate: median, rate_low: min, rate_high: max};

def row($kind): (map(.dash // empty)[0]) as $dash | (.[0] | {scene, server})
  + if $dash then {dash: $dash} else
      figures + (cpu // {}) + (rates($kind | rate_key) // {}) end;

def over($other): if . and $other and $other > 0 then . / $other | rounded
  else null end;

def with_ratios($reference): (map(select(.server == $reference))[0]) as $to
  | map(if .rate then . + {rate_ratio: (.rate | over($to.rate)),
        cpu_ratio: (.server_cpu_us | over($to.server_cpu_us))} else . end);

def rows: . as $samples | [$scenes[] as $scene | [$servers[] as $server
    | $samples | map(select(.scene == $scene.scene and .server == $server))
    | select(. != []) | row($scene.kind)] | with_ratios($reference)[]];

# One row per line.
def json: "{\"machine\": \($machine | tojson), \"reference\": \"\($reference)\",",
  " \"servers\": \($servers | tojson),",
  " \"scenes\": [\n  " + ($scenes | map(tojson) | join(",\n  ")) + "],",
  " \"rows\": [\n  " + (map(tojson) | join(",\n  ")) + "]}";

# --- numbers as text: 4.31, 87.2, 151,234 ------------------------------------

def commas: round | if . >= 1000 then
    (. / 1000 | floor | commas) + "," + (1000 + . % 1000 | tostring)[1:]
  else tostring end;
def fixed($n): (. * pow(10; $n) | round | tostring)
  | ("000"[:([$n + 1 - length, 0] | max)] + .) | .[:-$n] + "." + .[-$n:];
def short: if . == null then "-" elif . >= 1e6 then "\(. / 1000 | commas)k"
  elif . >= 99.95 then commas elif . >= 9.995 then fixed(1) else fixed(2) end;
def whole: if . == null then "-" else commas end;
def rough: if . >= 10000 then "\(. / 1000 | commas)k"
  elif . >= 1000 then "\(. / 1000 | fixed(1))k" else commas end;

# --- the table ---------------------------------------------------------------

# The first row names the columns, the first column names the row, and two
# spaces or more are between columns.
def table($title): ([transpose[] | map(length) | max]) as $width
  | "", $title, (.[] | [range(length) as $i
    | (" " * ($width[$i] - (.[$i] | length)) // "") as $pad
    | if $i == 0 then .[$i] + $pad else $pad + .[$i] end] | join("  "));

# Notes have letters, and the same text has the same letter.
def notes: [.rows[].dash // empty] | unique;
def letter: "abcdefghijklmnopqrstuvwxyz"[.:. + 1];

# A table of the rows that come in; cells makes the row's cells of one.
def table_of($doc; $scene; $columns; cells): ($doc | notes) as $notes
  | [["server"] + $columns] + map([.server] + if .dash then .dash as $why
      | ["-[\($notes | index([$why]) | letter)]"]
        + [$columns[1:][] | "-"] else [cells] end)
  | table("\($scene.scene): \($scene.title)");

def speeds($doc; $scene): ($scene.kind == "connect") as $connects
  | {bulk: "MB/s", churn: "clients/s", connect: "clients/s"}[$scene.kind] as $unit
  | table_of($doc; $scene; [$unit // "messages/s", "lowest..most", "CPU us",
      if $connects then "all ms" else "p99 us" end,
      "rate/\($doc.reference)", "CPU/\($doc.reference)"];
    (.rate | short), "\(.rate_low | rough)..\(.rate_high | rough)",
    (.server_cpu_us | short),
    (if $connects then .connect_s * 1000 else .p99_us end | short),
    (.rate_ratio, .cpu_ratio | short));

def counts($doc; $scene): table_of($doc; $scene;
  ["instructions/1", "instructions/50", "calls/1", "calls/50"];
  (.instructions_1, .instructions_50 | whole), (.calls_1, .calls_50 | short));

def costs($doc; $scene): table_of($doc; $scene;
  ["B/client", "addresses B/client", "threads", "clients", "CPU %"];
  (.user_bytes_per_client, .address_bytes_per_client, .threads, .clients | whole),
  (.idle_cpu_percent | fixed(1)));

# All scenes in one view: what a server takes for what the reference takes 1.
def summary: . as $doc | [.scenes[] | select(.kind != "cost" and .kind != "count")
    | .scene | select(contains("-") | not)] as $names
  | select(($names | length) > 1)
  | [["server"] + $names] + (.servers | map(. as $server
    | [$server] + [$names[] as $scene | $doc.rows
      | map(select(.server == $server and .scene == $scene))[0].cpu_ratio | short]))
  | table("CPU: time per message or client, as a multiple of what \($doc.reference) takes");

def tables: . as $doc
  | (.scenes[] | . as $scene
    | $doc.rows | map(select(.scene == $scene.scene)) | select(. != [])
    | if $scene.kind == "count" then counts($doc; $scene)
      elif $scene.kind == "cost" then costs($doc; $scene)
      else speeds($doc; $scene) end),
    summary, (notes | select(. != []) | ""),
    (notes | to_entries[] | "[\(.key | letter)]  \(.value)");
