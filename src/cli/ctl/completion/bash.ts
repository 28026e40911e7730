import type { Choice, CompletionTable } from "./completion_table.ts";

/** Completes in bash. */
export function bashScript({ program, rows, values }: CompletionTable): string {
  const known = rows.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`).join(" | ");
  const valueCases = values.map(({ names, values }) =>
    `    ${names.join(" | ")}) words="${values.join(" ")}" ;;`
  );
  const rowCases = rows.map(({ path, commands, flags }) =>
    `      "${path}") commands="${wordsOf(commands)}" flags="${wordsOf(flags)}" ;;`
  );
  return `# Completes ${program} in bash.
_${program}_complete() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}"
  local path="" words="" commands="" flags="" longer i
  # The last word must not count as a command before it is finished.
  for ((i = 1; i < COMP_CWORD; i++)); do
    longer="\${path:+$path }\${COMP_WORDS[i]}"
    case "$longer" in
      ${known}) path="$longer" ;;
    esac
  done
  case "$previous" in
${valueCases.join("\n")}
  esac
  if [[ -z "$words" ]]; then
    case "$path" in
${rowCases.join("\n")}
    esac
    if [[ "$current" == -* ]]; then words="$flags"; else words="$commands"; fi
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _${program}_complete ${program}
`;
}

function wordsOf(choices: readonly Choice[]): string {
  return choices.map(({ word }) => word).join(" ");
}
