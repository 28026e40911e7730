import { lineOf, partSource } from "./source_text.ts";

/** A broken rule: where, and which. */
export interface Complaint {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

/** One import or re-export of a module. */
interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly isTypeOnly: boolean;
}

/** The rooms of src from the ground up; rooms on one level do not know each other. */
const LEVELS: readonly (readonly string[])[] = [
  ["base"],
  ["pb"],
  ["core"],
  ["disk", "net"],
  ["peer"],
  ["server"],
  ["api"],
  ["embed"],
  ["cli"],
];

/** The only rooms that a file outside src may import from, for the files that have such a rule. */
const ENTRY_ROOMS: Readonly<Record<string, string>> = { "main.ts": "cli", "mod.ts": "embed" };

/** `net` carries anybody's gRPC, so it knows nothing of etcd's messages or state. */
const NET_FORBIDDEN: readonly string[] = ["core", "pb"];

/** Holds the version, so that it is written down once. */
const PROJECT_FILE = "deno.json";

const IMPORT_PATTERN =
  /(?:^|[;}\n])\s*(?:import|export)\s+(type\s)?(?:[\w*\s{},$]+?\sfrom\s*)?"([^"\n]+)"|\bimport\s*\(\s*"([^"\n]+)"\s*\)/g;

/** Every import, re-export and dynamic import with a literal specifier. */
export function importsOf(source: string): Import[] {
  const { code, codeAndStrings } = partSource(source);
  const imports: Import[] = [];
  for (const match of codeAndStrings.matchAll(IMPORT_PATTERN)) {
    // An import written inside a string is text; in code its keyword is still there.
    const keywordOffset = match.index + match[0].search(/\b(?:import|export)\b/);
    if (code[keywordOffset] === " ") continue;
    const specifier = match[2] ?? match[3];
    const offset = match.index + match[0].lastIndexOf(`"${specifier}"`);
    imports.push({
      specifier,
      line: lineOf(source, offset),
      isTypeOnly: match[1] !== undefined,
    });
  }
  return imports;
}

/** Complaints about the imports of one file; `file` is its path from the project's root. */
export function checkImports(file: string, source: string): Complaint[] {
  const complaints: Complaint[] = [];
  for (const found of importsOf(source)) {
    const rule = brokenRule(file, found);
    if (rule !== undefined) complaints.push({ file, line: found.line, rule });
  }
  return complaints;
}

function brokenRule(file: string, found: Import): string | undefined {
  const { specifier } = found;
  if (specifier.startsWith("npm:")) {
    return file.startsWith("src/deps/")
      ? undefined
      : `imports ${specifier}: only src/deps may name an npm package`;
  }
  if (/^(jsr|https?):/.test(specifier)) return `imports ${specifier}: nothing but npm and node`;
  if (specifier.startsWith("node:")) return brokenNodeRule(file, specifier);
  if (!specifier.startsWith(".")) return `imports ${specifier}: a bare name needs an import map`;
  return brokenRoomRule(file, resolvePath(file, specifier), found.isTypeOnly);
}

function brokenNodeRule(file: string, specifier: string): string | undefined {
  if (roomOf(file) !== "core" || isTest(file)) return undefined;
  return `imports ${specifier}: core does no I/O and uses no built-ins`;
}

function brokenRoomRule(file: string, target: string, isTypeOnly: boolean): string | undefined {
  const toRoom = roomOf(target);
  const entryRoom = ENTRY_ROOMS[file];
  if (entryRoom !== undefined) {
    return toRoom === entryRoom ? undefined : `imports ${target}: only src/${entryRoom} is allowed`;
  }
  const fromRoom = roomOf(file);
  if (fromRoom === undefined || target === PROJECT_FILE) return undefined;
  if (toRoom === undefined) return `imports ${target}: src does not look outside itself`;
  if (toRoom === "deps" || fromRoom === toRoom) return brokenCoreRule(file, target, isTypeOnly);
  if (fromRoom === "deps") return `imports ${target}: src/deps only re-exports packages`;
  const fromLevel = levelOf(fromRoom);
  const toLevel = levelOf(toRoom);
  if (fromLevel < 0) return `src/${fromRoom} is no room of the house`;
  if (toLevel < 0) return `imports ${target}: src/${toRoom} is no room of the house`;
  if (toLevel > fromLevel) return `imports ${target}: the arrow ${fromRoom} -> ${toRoom} points up`;
  if (toLevel === fromLevel) return `imports ${target}: ${fromRoom} and ${toRoom} are neighbours`;
  if (fromRoom === "net" && NET_FORBIDDEN.includes(toRoom) && !isTest(file)) {
    return `imports ${target}: net knows nothing of ${toRoom}`;
  }
  return undefined;
}

/**
 * Rooms inside core are strangers, but mvcc may name lease's interface. Tests may bring two rooms
 * together to see that they fit.
 */
function brokenCoreRule(file: string, target: string, isTypeOnly: boolean): string | undefined {
  const from = coreRoomOf(file);
  const to = coreRoomOf(target);
  if (to === undefined || from === to || isTest(file)) return undefined;
  if (from === undefined) return `imports ${target}: what all of core shares knows no room of it`;
  if (from === "mvcc" && to === "lease") {
    return isTypeOnly ? undefined : `imports ${target}: mvcc may import types of lease only`;
  }
  return `imports ${target}: core/${from} and core/${to} do not import each other`;
}

function isTest(file: string): boolean {
  return file.endsWith("_test.ts");
}

function levelOf(room: string): number {
  return LEVELS.findIndex((level) => level.includes(room));
}

function roomOf(file: string): string | undefined {
  const match = /^src\/([^/]+)\//.exec(file);
  return match?.[1];
}

function coreRoomOf(file: string): string | undefined {
  const match = /^src\/core\/([^/]+)\//.exec(file);
  return match?.[1];
}

function resolvePath(file: string, specifier: string): string {
  const parts = file.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
