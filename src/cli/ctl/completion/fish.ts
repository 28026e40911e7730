import type { Choice, CompletionRow, CompletionTable } from "./completion_table.ts";

/** Completes in fish, which shows what the words are for. */
export function fishScript({ program, rows, values }: CompletionTable): string {
  const known = rows.filter(({ path }) => path !== "").map(({ path }) => quoted(path)).join(" ");
  const lines = rows.flatMap((row) => linesOf(program, row, values));
  return `# Completes ${program} in fish.
function __${program}_path
  set -l where ''
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim "$where $word")
    if contains -- $longer ${known}
      set where $longer
    end
  end
  echo $where
end
function __${program}_at
  test (__${program}_path) = "$argv[1]"
end
${lines.join("\n")}
`;
}

function linesOf(
  program: string,
  { path, commands, flags }: CompletionRow,
  values: CompletionTable["values"],
): string[] {
  const start = `complete -c ${program} -n ${quoted(`__${program}_at "${path}"`)}`;
  return [
    ...commands.map(({ word, about }) => `${start} -f -a ${word} -d ${quoted(about)}`),
    ...flags.map((flag) => {
      const given = values.find(({ names }) => names.includes(flag.word));
      if (given === undefined) return `${start}${flagText(flag)}`;
      const short = given.names.find((name) => !name.startsWith("--"));
      const letter = short === undefined ? "" : ` -s ${short.slice(1)}`;
      return `${start}${flagText(flag)}${letter} -x -a ${quoted(given.values.join(" "))}`;
    }),
  ];
}

function flagText({ word, about }: Choice): string {
  return ` -l ${word.slice("--".length)} -d ${quoted(about)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
