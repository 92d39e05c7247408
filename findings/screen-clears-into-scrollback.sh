#!/usr/bin/env bash
# GNU screen 4.9.0 (Debian package screen 4.9.0-4), with its default of no alternate screen.
#
# Erasing the display does not erase it: what CSI 2 J clears is put into the scrollback, where whoever
# sits down next reads it with one key; CSI J from the first column of the first row does the same.
# Erased row by row (CSI 2 K on each) it is gone. So a program that shows what others may not see, and
# clears the screen as it ends, leaves its last picture behind.
#
# Seen: lines of the picture in the scrollback: CSI 2 J 3, CSI H CSI J 3, CSI 2 K a row 0
set -euo pipefail
here=$(mktemp -d)
trap 'SCREENDIR="$here/run" "$here/usr/bin/screen" -S seen -X quit >/dev/null 2>&1 || true; rm -rf "$here"' EXIT
cd "$here"
apt-get download -q=2 screen=4.9.0-4 >/dev/null 2>&1
dpkg -x screen_*.deb .
mkdir -m 700 run
export SCREENDIR="$here/run" TERM=xterm
printf 'altscreen off\nstartup_message off\ndefscrollback 500\n' > rc
left() {
  printf '%s' "$1" > way
  cat > draw <<'SH'
printf '\033[H\033[2Jsecret 1\r\nsecret 2\r\nsecret 3'
printf '\033[H'; printf "$(cat way)"; printf '\033[Hdone\r\n'; touch drawn; sleep 60
SH
  rm -f drawn seen
  usr/bin/screen -c rc -dmS seen sh draw
  until [ -e drawn ]; do sleep 0.1; done
  sleep 0.5
  usr/bin/screen -S seen -X hardcopy -h "$here/seen"
  until [ -e seen ]; do sleep 0.1; done
  sleep 0.3
  usr/bin/screen -S seen -X quit
  grep -c secret seen || true
}
rows=$(printf '\\033[2K\\033[B%.0s' 1 2 3 4 5)
seen="CSI 2 J $(left '\033[2J'), CSI H CSI J $(left '\033[J'), CSI 2 K a row $(left "$rows")"
echo "$seen"
[ "$seen" = "CSI 2 J 3, CSI H CSI J 3, CSI 2 K a row 0" ]
