import { environmentName, SECTIONS, type Setting, type SettingStatus } from "./settings/setting.ts";
import { SETTINGS } from "./settings/settings_table.ts";

const HEADER =
  "| Flag | Environment | Config file | `Config` field | Type | Default | Status | Meaning |";
const RULE = "|---|---|---|---|---|---|---|---|";

const STATUS_WORDS: Readonly<Record<SettingStatus, string>> = {
  works: "works",
  refused: "not built: refused unless default",
  moot: "accepted; all values do the same",
  ignored: "accepted and ignored, as in etcd",
};

/** The settings as Markdown, one table a section, for docs/COMPATIBILITY.md. */
export function configTableForDocs(): string {
  return SECTIONS.map((section) => {
    const rows = SETTINGS.filter((setting) => setting.section === section).map(docsRow);
    return [`### ${section}`, "", HEADER, RULE, ...rows, ""].join("\n");
  }).join("\n");
}

function docsRow(setting: Setting): string {
  const { flag } = setting;
  const cells = [
    flag === undefined ? "" : code(`--${flag}`),
    flag === undefined ? "" : code(environmentName(flag)),
    setting.status === "ignored" ? "" : code(setting.fileKey.join(": ")),
    setting.field === "" ? "" : code(setting.field),
    setting.kindName.replaceAll("|", "\\|"),
    setting.defaultText === "" ? "" : code(setting.defaultText),
    setting.isPartial ? "works in part" : STATUS_WORDS[setting.status],
    setting.help.replaceAll("|", "\\|"),
  ];
  return `| ${cells.join(" | ")} |`;
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
