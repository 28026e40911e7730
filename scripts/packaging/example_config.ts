import { parseGoDuration } from "../../src/base/go_duration.ts";
import { Config } from "../../src/embed/config/config.ts";
import { type Section, SECTIONS, type Setting } from "../../src/embed/config/settings/setting.ts";
import { SETTINGS } from "../../src/embed/config/settings/settings_table.ts";

/** Nobody should begin with these. */
const LEFT_OUT: readonly Section[] = ["Of earlier releases", "Accepted and ignored"];

const LINE_WIDTH = 98;

/** Keys that the example sets; all others stand there as comments, with their defaults. */
const ACTIVE: ReadonlyMap<string, string> = new Map([
  ["name", "default"],
  ["data-dir", "/var/lib/etcd/default"],
]);

const HEAD = `# Example of a config file for detcd: \`detcd --config-file detcd.conf.yml\`.
#
# It holds every setting that works, with its default, generated from the same table as \`--help\` by
# \`deno task docs\`. With a config file flags and environment variables are ignored, as by etcd.
# Durations are whole nanoseconds.
`;

/** The example of a config file. */
export function exampleConfig(): string {
  const sections = SECTIONS.filter((section) => !LEFT_OUT.includes(section)).map(sectionText);
  return [HEAD, ...sections.filter((text) => text !== "")].join("\n");
}

function sectionText(section: Section): string {
  const settings = SETTINGS.filter((setting) =>
    setting.section === section && (setting.status === "works" || setting.status === "moot")
  );
  if (settings.length === 0) return "";
  const lines = [`# ${section}`, ""];
  let openMaps: readonly string[] = [];
  for (const setting of settings) {
    const maps = setting.fileKey.slice(0, -1);
    for (let depth = 0; depth < maps.length; depth++) {
      if (maps[depth] === openMaps[depth]) continue;
      lines.push(`#${indent(depth)}${maps[depth]}:`);
      openMaps = maps.slice(0, depth + 1);
    }
    openMaps = maps;
    lines.push(...settingLines(setting));
  }
  return `${lines.join("\n")}\n`;
}

function settingLines(setting: Setting): string[] {
  const depth = setting.fileKey.length - 1;
  const key = setting.fileKey[depth];
  const active = depth === 0 ? ACTIVE.get(key) : undefined;
  const value = active ?? fileValue(setting);
  return [
    ...wrapped(setting.help, LINE_WIDTH - 2 * depth).map((line) => `# ${indent(depth)}${line}`),
    `${active === undefined ? "#" : ""}${indent(depth)}${key}: ${value}`,
  ];
}

/** The default as it stands in a file. */
function fileValue(setting: Setting): string {
  const text = setting.textOf(new Config());
  switch (setting.kindName) {
    case "duration":
      return text === "0s" ? "0" : `${parseGoDuration(text)} # ${text}`;
    case "uint":
    case "uint32":
    case "int":
    case "bool":
      return text;
    case "list":
      return `[${text.replaceAll(",", ", ")}]`;
    default:
      return JSON.stringify(text);
  }
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
