# report.jq: from samples to rows, and from rows to tables.
#
# A sample is {scene, server, figures...}, or {scene, server, dash: REASON} of
# what cannot be measured. A row is all samples of one server in one scene: each
# figure is the median, but server_cpu_us is the lowest round; rate, with its
# lowest and highest round, is what the scene compares, and *_ratio is to the
# reference. A server that failed in one round has no figures from the others:
# half a measurement would look like a whole one.

def rounded: . * 10000 | round | . / 10000;

def median: sort | (.[(length - 1) / 2 | floor] + .[length / 2 | floor]) / 2;

def rate_key: {bulk: "mb_per_s", connect: "connects_per_s"}[.] // "messages_per_s";

# CPU time per message is not taken from a round in which so few came back that
# most of it may have been taken before the clock started.
def cpu: map(select(.messages == null or .messages == 0 or
                    .messages > .clients * .pipeline)
             | .server_cpu_us // empty) | min;

def figures: . as $samples
  | [.[] | to_entries[] | select(.value | type == "number") | .key] | unique
  | map(select(startswith("errors") | not)
    | {(.): [. as $key | $samples[][$key] | numbers] | median | rounded}) | add;

def row($kind): . as $samples | .[0] | {scene, server} + (
  ($samples | map(.dash // empty)) as $dashes
  | if $dashes != [] then {dash: $dashes[0]}
    else ($samples | figures) as $figures
    | [$samples[][$kind | rate_key] | numbers] as $rates
    | $figures
    + ($samples | cpu | if . then {server_cpu_us: .} else {} end)
    + if $kind == "cost" or $kind == "count" then {}
      else {rounds: ($rates | length), rate: ($rates | median | rounded), rate_low: ($rates | min),
            rate_high: ($rates | max)} end
    end);

def over($other): if . and $other and $other > 0 then . / $other * 1000 | round
  | . / 1000 else null end;

def with_ratios($reference): map(select(.server == $reference))[0] as $to
  | map(if .rate then . + {rate_ratio: (.rate | over($to.rate)),
        cpu_ratio: (.server_cpu_us | over($to.server_cpu_us))} else . end);

# In the order in which they were measured.
def in_order(key): reduce .[] as $one ([]; ($one | key) as $k
  | if index([$k]) then . else . + [$k] end);

def rows: . as $samples | {machine: $machine, reference: $reference,
  scenes: $scenes, rows: [$scenes[] | . as $scene
    | $samples | map(select(.scene == $scene.scene))
    | . as $its | in_order(.server)
    | map(. as $server | $its | map(select(.server == $server))
          | row($scene.kind))
    | with_ratios($reference)[]]};

# One row per line.
def json: "{\"machine\": \(.machine | tojson),",
  " \"reference\": \(.reference | tojson),",
  " \"scenes\": [\n  " + (.scenes | map(tojson) | join(",\n  ")) + "],",
  " \"rows\": [\n  " + (.rows | map(tojson) | join(",\n  ")) + "]}";

# --- numbers as text: 4.31, 87.2, 151,234 ------------------------------------

def spaces: if . > 0 then " " * . else "" end;

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
    | ($width[$i] - (.[$i] | length) | spaces) as $pad
    | if $i == 0 then .[$i] + $pad else $pad + .[$i] end] | join("  "));

# Notes have letters, and the same text has the same letter.
def notes: [.rows[].dash // empty] | in_order(.);
def dash($notes; $width): . as $row | ($notes | index([$row.dash])) as $i
  | [.server, "-[\("abcdefghijklmnopqrstuvwxyz"[$i:$i + 1])]"]
  + [range($width - 2) | "-"];

def speeds($doc; $scene): ($doc | notes) as $notes
  | {bulk: "MB/s", churn: "clients/s", connect: "clients/s"}[$scene.kind] as $unit
  | if length == 0 then empty else
    [["server", $unit // "messages/s", "lowest..most", "CPU us",
      if $scene.kind == "connect" then "all ms" else "p99 us" end,
      "rate/\($doc.reference)", "CPU/\($doc.reference)"]]
    + map(if .dash then dash($notes; 7) else
        [.server, (.rate | short), "\(.rate_low | rough)..\(.rate_high | rough)",
         (.server_cpu_us | short),
         (if $scene.kind == "connect" then .connect_s * 1000 else .p99_us end | short),
         (.rate_ratio | short), (.cpu_ratio | short)] end)
    | table("\($scene.scene): \($scene.title)") end;

def counts($doc; $scene): ($doc | notes) as $notes
  | [["server", "instructions/1", "instructions/50", "calls/1", "calls/50"]]
    + map(if .dash then dash($notes; 5) else
        [.server, (.instructions_1, .instructions_50 | whole),
         (.calls_1, .calls_50 | short)] end)
  | table("\($scene.scene): \($scene.title); 1 or 50 clients");

def costs($doc): ($doc | notes) as $notes
  | . as $rows | [["server", "B/client", "addresses B/client", "threads",
                   "idle clients", "CPU % if silent"]]
    + (in_order(.server) | map(. as $server
      | ($rows | map(select(.server == $server))) as $its
      | ($its | map(.dash // empty)) as $dashes
      | if $dashes != [] and ($its | map(select(.dash | not))) == []
        then {server: $server, dash: $dashes[0]} | dash($notes; 6)
        else $its | add | [.server, (.user_bytes_per_client,
          .address_bytes_per_client, .threads, .idle_clients | whole),
          (.idle_cpu_percent | if . then fixed(1) else "-" end)] end))
  | table("costs: what an idle client costs");

# Every scene in one view: what libevent or a stage takes for what 04 takes 1.
def summary($doc): ($doc.scenes | map(select(.kind != "cost" and .kind != "count"
      and (.scene | contains("-") | not)) | .scene)) as $names
  | . as $rows | if ($names | length) < 2 then empty else
    [["server"] + $names] + (in_order(.server) | map(. as $server
      | [$server] + [$names[] as $scene | $rows
        | map(select(.server == $server and .scene == $scene))[0].cpu_ratio
        | short]))
    | table("CPU: time per message or client, as a multiple of what \($doc.reference) takes") end;

def tables: . as $doc
  | ($doc.scenes[] | . as $scene | $doc.rows | map(select(.scene == $scene.scene))
    | if $scene.kind == "count" then counts($doc; $scene)
      elif $scene.kind == "cost" then empty else speeds($doc; $scene) end),
    ($doc.rows | map(select(.scene == "memory" or .scene == "silent"))
      | if length == 0 then empty else costs($doc) end),
    ($doc.rows | summary($doc)),
    (if notes == [] then empty else "" end),
    (notes | to_entries[]
      | "[\("abcdefghijklmnopqrstuvwxyz"[.key:.key + 1])]  \(.value)");
