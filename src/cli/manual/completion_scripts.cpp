// SPDX-License-Identifier: Apache-2.0
//
// The scripts know nothing of ktstr but how to ask it: the program that is being typed, or the one in PATH.
#include "cli/manual/completion.h"

namespace ktstr::cli {

namespace {

// Bash splits words at ':' and '=' too (COMP_WORDBREAKS): they are put together as they stand on the line, and what
// bash has of the last one is taken from the answers again.
constexpr std::string_view kBash = R"bash(# SPDX-License-Identifier: Apache-2.0
# bash completion for ktstr, from `ktstr completion bash`.
_ktstr() {
  local words=() rest=${COMP_LINE:0:${COMP_POINT:-0}} i word blanks
  if [[ -n $rest ]]; then
    for ((i = 0; i <= COMP_CWORD; i++)); do
      word=${COMP_WORDS[i]}
      blanks=${rest%%[![:space:]]*}
      rest=${rest#"$blanks"}
      ((i < COMP_CWORD)) || word=$rest
      if [[ -n $blanks || $i -eq 0 ]]; then words+=("$word"); else words[${#words[@]} - 1]+=$word; fi
      rest=${rest#"$word"}
    done
  else
    words=("${COMP_WORDS[@]:0:COMP_CWORD+1}")
  fi
  local typed=${words[${#words[@]} - 1]} program=${words[0]/#\~\//$HOME/} cut='' files=none answer
  [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]] && cut=${typed%"${typed##*:}"}
  [[ $typed == *=* && $COMP_WORDBREAKS == *=* && ${typed%"${typed##*=}"} == "$cut"* ]] && cut=${typed%"${typed##*=}"}
  COMPREPLY=()
  while IFS= read -r answer; do
    if [[ $answer == *$'\t'* ]]; then
      answer=${answer%%$'\t'*}
      COMPREPLY+=("${answer#"$cut"}")
    else
      files=$answer
    fi
  done < <("$program" completion --of "${words[@]:1}" 2>/dev/null)
  # What stands before a file's name is part of the answer, as far as bash has not cut it off.
  local path part=$typed before=''
  if [[ $files != none ]]; then
    [[ $typed == --*=* ]] && before=${typed%%=*}=
    [[ ${typed#"$before"} =~ ^[a-z]+: ]] && before+=${BASH_REMATCH[0]}
    part=${typed#"$before"}
    local kind=-f
    [[ $files == directories ]] && kind=-d
    while IFS= read -r path; do
      [[ $files == toml && $path != *.toml && ! -d $path ]] && continue
      answer=$before$path
      answer=${answer#"$cut"}
      # Of a directory that bash does not see.
      if [[ $answer != "$path" && -d $path ]]; then
        answer+=/
        compopt -o nospace 2>/dev/null
      fi
      COMPREPLY+=("$answer")
    done < <(compgen "$kind" -- "$part")
    compopt -o filenames 2>/dev/null
  fi
  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then compopt -o nospace 2>/dev/null; fi
  return 0
}
complete -F _ktstr ktstr
)bash";

constexpr std::string_view kZsh = R"zsh(#compdef ktstr
# SPDX-License-Identifier: Apache-2.0
# zsh completion for ktstr, from `ktstr completion zsh`.
_ktstr() {
  local -a answers plain open
  local files line value
  answers=("${(@f)$(${(Q)words[1]/#\~\//$HOME/} completion --of "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  files=${answers[1]}
  for line in "${(@)answers[2,-1]}"; do
    value=${line%%$'\t'*}
    if [[ $value == *: ]]; then
      open+=("${value//:/\\:}:${line#*$'\t'}")
    else
      plain+=("${value//:/\\:}:${line#*$'\t'}")
    fi
  done
  local found=1
  (( $#plain )) && _describe -t values 'ktstr' plain && found=0
  (( $#open )) && _describe -t values 'ktstr' open -S '' && found=0
  if [[ $files != none && -n $files ]]; then
    compset -P '--*='
    compset -P '[a-z]##:'
    case $files in
      toml) _files -g '*.toml(-.)' && found=0 ;;
      directories) _files -/ && found=0 ;;
      *) _files && found=0 ;;
    esac
  fi
  return found
}
if [[ $funcstack[1] == _ktstr ]]; then _ktstr "$@"; else compdef _ktstr ktstr; fi
)zsh";

constexpr std::string_view kFish = R"fish(# SPDX-License-Identifier: Apache-2.0
# fish completion for ktstr, from `ktstr completion fish`.
function __ktstr_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1])
    set -l answers ($program completion --of $words[2..-1] "$typed" 2>/dev/null)
    if test (count $answers) -gt 1
        printf '%s\n' $answers[2..-1]
    end
    set -l before (string match -r -- '^(?:--[^=]*=)?(?:[a-z]+:)?' "$typed")
    set -l part (string sub -s (math (string length -- "$before") + 1) -- "$typed")
    switch "$answers[1]"
        case any
            printf '%s\n' $before(__fish_complete_path "$part")
        case toml
            for path in (__fish_complete_path "$part")
                if string match -qr -- '(/|\.toml)(\t|$)' $path
                    printf '%s\n' $before$path
                end
            end
        case directories
            printf '%s\n' $before(__fish_complete_directories "$part")
    end
end
complete -c ktstr -f -a '(__ktstr_complete)'
)fish";

}  // namespace

std::optional<std::string_view> completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return {};
}

}  // namespace ktstr::cli
