import assert from "node:assert/strict";
import { SECTIONS } from "../embed/config/settings/setting.ts";
import { SETTINGS } from "../embed/config/settings/settings_table.ts";
import { helpText } from "./help.ts";

Deno.test("helpText() explains every flag under its section, with its default", () => {
  const text = helpText();
  for (const section of SECTIONS) assert(text.includes(`\n${section}:\n`), section);
  for (const { flag, defaultText, help, status } of SETTINGS) {
    if (flag === undefined) continue;
    const line = status === "ignored" ? `\n  --${flag}\n` : `\n  --${flag} '${defaultText}'\n`;
    assert(text.includes(line), flag);
    assert(text.includes(help), flag);
  }
});

Deno.test("helpText() says which flags are not built yet", () => {
  const notBuilt = helpText().split("Not built yet: only the default works.").length - 1;
  const refused = SETTINGS.filter(({ flag, status }) => flag !== undefined && status === "refused");
  assert(refused.length > 0);
  assert.equal(notBuilt, refused.length);
});

Deno.test("SETTINGS explains every setting in whole sentences", () => {
  for (const { field, help, status } of SETTINGS) {
    if (status === "ignored") continue;
    assert.match(help, /^[A-Z].*[.]$|^[A-Z].*[.)]$/s, field);
  }
});
