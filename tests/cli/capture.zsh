# What a zsh offers: zsh -f capture.zsh FOLDER LINE FILE. FOLDER holds `_dataloader`, FILE takes notes. Prints one a line.
zmodload zsh/zpty
zpty child zsh -f -i
send() { zpty -w child "$1" }
send 'PS1=; unsetopt zle_bracketed_paste 2>/dev/null; stty -echo'
send "fpath=(${(q)1} \$fpath); autoload -U compinit; compinit -u -d ${(q)1}/dump"
send 'compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
  local -a found; builtin compadd -O found "$@"; print -rl -- $found >> $CAPTURED; builtin compadd "$@"; }'
send "CAPTURED=${(q)3}"
send 'finished() { zle complete-word; print -r -- "--done" >> $CAPTURED }; zle -N finished; bindkey "^I" finished'
send 'print -r ready >> $CAPTURED'
while ! grep -q ready $3 2>/dev/null; do sleep 0.02; done
zpty -w -n child "$2"$'\t'
for i in {1..250}; do grep -q -e --done $3 && break; sleep 0.02; done
grep -v -x -e ready -e --done -e '' $3 | sort -u
zpty -d child
