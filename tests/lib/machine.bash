# machine.bash: what a figure was measured on, each a line of words.

processor() {
  sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1 |
    grep . || sysctl -n machdep.cpu.brand_string 2>/dev/null ||
    sysctl -n hw.model 2>/dev/null || uname -m
}

cores() {
  getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1
}

memory_total() {
  awk '$1 == "MemTotal:" { printf "%.0f GiB", $2 / 1048576; found = 1 }
       END { exit !found }' /proc/meminfo 2>/dev/null ||
    sysctl -n hw.memsize 2>/dev/null | awk '{ printf "%.0f GiB", $1 / 2 ^ 30 }'
}

compiler() {
  "${CC:-cc}" --version 2>/dev/null | head -n 1
}
