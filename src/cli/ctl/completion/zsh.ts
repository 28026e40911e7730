import type { Choice, CompletionTable } from "./completion_table.ts";

/** Completes in zsh, which shows what the words are for. */
export function zshScript({ program, rows, values }: CompletionTable): string {
  const known = rows.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`).join(" | ");
  const valueCases = values.map(({ names, values }) =>
    `    ${names.join(" | ")}) compadd -- ${values.join(" ")}; return ;;`
  );
  const rowCases = rows.map(({ path, commands, flags }) =>
    `    "${path}")
      commands=(${listOf(commands)})
      flags=(${listOf(flags)})
      ;;`
  );
  return `#compdef ${program}
# Completes ${program} in zsh.
_${program}_complete() {
  local where="" longer i
  local -a commands flags
  for ((i = 2; i < CURRENT; i++)); do
    longer="\${where:+$where }\${words[i]}"
    case "$longer" in
      ${known}) where="$longer" ;;
    esac
  done
  case "\${words[CURRENT - 1]}" in
${valueCases.join("\n")}
  esac
  case "$where" in
${rowCases.join("\n")}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -t flags flag flags
  elif ((\${#commands})); then
    _describe -t commands command commands
  else
    _files
  fi
}
compdef _${program}_complete ${program}
`;
}

/** Each word with what it is for, behind a colon. */
function listOf(choices: readonly Choice[]): string {
  return choices.map(({ word, about }) => quoted(`${word}:${about}`)).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
