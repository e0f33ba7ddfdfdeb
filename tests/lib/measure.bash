# measure.bash: what a server costs, seen from outside.
#
# All of it is about the process server_pid. On Linux /proc knows; elsewhere ps.
# shellcheck disable=SC2154  # what sources this sets it

# User and system time so far.
cpu_ms() {
  local line
  if [ -r "/proc/$server_pid/stat" ]; then
    read -r line <"/proc/$server_pid/stat"
    # shellcheck disable=SC2086  # the fields after the name in parentheses
    set -- ${line##*) }
    echo $(((${12} + ${13}) * 1000 / $(getconf CLK_TCK)))
  else
    ps -o time= -p "$server_pid" |
      awk -F '[:.]' '{ print (($1 * 60 + $2) * 100 + $3) * 10 }'
  fi
}

# What the program holds for itself, code and libraries aside where the system
# counts them apart. It comes in whole pages.
memory_kb() {
  if [ -r "/proc/$server_pid/smaps_rollup" ]; then
    awk '$1 == "Anonymous:" { print $2 }' "/proc/$server_pid/smaps_rollup"
  else
    resident_kb
  fi
}

resident_kb() {
  sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server_pid/status" \
    2>/dev/null | grep . || ps -o rss= -p "$server_pid" | tr -d ' '
}

# Addresses in use, with memory behind them or not. Only on Linux.
address_space_kb() {
  sed -n 's/^VmSize:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$server_pid/status"
}

count_threads() {
  local count
  if [ -d "/proc/$server_pid/task" ]; then
    set -- "/proc/$server_pid/task"/*
    count=$#
  else # the BSDs know nlwp, macOS prints a line for each thread
    count=$(ps -o nlwp= -p "$server_pid" 2>/dev/null ||
      ps -M -p "$server_pid" 2>/dev/null | sed 1d | wc -l)
  fi
  echo $((count))
}

# Only on Linux.
descriptors() {
  local all=("/proc/$server_pid/fd"/*)
  echo ${#all[@]}
}
