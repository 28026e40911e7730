import type { Choice, CompletionTable } from "./completion_table.ts";

/** Completes in PowerShell, which shows what the words are for. */
export function powershellScript({ program, rows, values }: CompletionTable): string {
  const rowLines = rows.map(({ path, commands, flags }) =>
    `    ${quoted(path)} = @{ commands = ${tableOf(commands)}; flags = ${tableOf(flags)} }`
  );
  const valueLines = values.flatMap(({ names, values }) =>
    names.map((name) => `    ${quoted(name)} = @(${values.map(quoted).join(", ")})`)
  );
  return `# Completes ${program} in PowerShell.
Register-ArgumentCompleter -Native -CommandName ${quoted(program)} -ScriptBlock {
  param($current, $line, $position)
  $rows = @{
${rowLines.join("\n")}
  }
  $values = @{
${valueLines.join("\n")}
  }
  $words = @($line.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($current -ne '') { $words = @($words | Select-Object -SkipLast 1) }
  $where = ''
  foreach ($word in $words) {
    $longer = "$where $word".Trim()
    if ($rows.ContainsKey($longer)) { $where = $longer }
  }
  $previous = if ($words.Count -gt 0) { $words[-1] } else { '' }
  if ($values.ContainsKey($previous)) {
    $choices = @{}
    foreach ($value in $values[$previous]) { $choices[$value] = $value }
  } elseif ($current.StartsWith('-')) {
    $choices = $rows[$where].flags
  } else {
    $choices = $rows[$where].commands
  }
  $choices.Keys | Where-Object { $_ -like "$current*" } | Sort-Object | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $choices[$_])
  }
}
`;
}

function tableOf(choices: readonly Choice[]): string {
  const entries = choices.map(({ word, about }) => `${quoted(word)} = ${quoted(about)}`);
  return `@{ ${entries.join("; ")} }`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
