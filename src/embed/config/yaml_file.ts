import { messageOf } from "../../base/error_message.ts";
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from "../../deps/yaml.ts";
import { ConfigError } from "./errors.ts";
import type { FileEntry, FileMap, FileValue } from "./file_value.ts";
import { CONFIG_LIMITS } from "./limits.ts";

/** Parses a config file; undefined when there is nothing in it. Throws a ConfigError. */
export function parseYamlFile(path: string, text: string): FileMap | undefined {
  const lines = new LineCounter();
  const document = parseText(path, text, lines);
  if (document.contents === null) return undefined;
  const root = new YamlReader(path, document, lines).valueOf(document.contents, 0);
  if (root.kind === "nothing") return undefined;
  if (root.kind !== "map") {
    throw new ConfigError(`${path}:${root.line}: a config file holds "key: value" lines`);
  }
  return root;
}

function parseText(path: string, text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    const options = { lineCounter, keepSourceTokens: false, prettyErrors: false };
    const document = parseDocument(text, { ...options, logLevel: "error" });
    const [problem] = document.errors;
    if (problem === undefined) return document;
    const { line } = lineCounter.linePos(problem.pos[0]);
    throw new ConfigError(`${path}:${Math.max(line, 1)}: malformed YAML: ${problem.message}`);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // Text nested thousands of levels deep exhausts the parser's stack.
    const why = messageOf(error);
    throw new ConfigError(`${path}: malformed YAML: ${why}`, { cause: error });
  }
}

/** Turns YAML's nodes into what settings read. */
class YamlReader {
  readonly #path: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  #valueCount = 0;

  constructor(path: string, document: Document.Parsed, lines: LineCounter) {
    this.#path = path;
    this.#document = document;
    this.#lines = lines;
  }

  /** `node` is null where nothing stands behind a key. */
  valueOf(node: unknown, depth: number): FileValue {
    if (depth > CONFIG_LIMITS.configFileDepth) throw this.#error(0, "nested too deeply");
    if (++this.#valueCount > CONFIG_LIMITS.configFileValues) throw this.#error(0, "too much text");
    if (isAlias(node)) return this.#targetOf(node, depth);
    if (isMap(node)) return this.#mapOf(node, depth);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.valueOf(item, depth + 1));
      return { kind: "list", line: this.#lineOf(node), items };
    }
    if (!isScalar(node)) return { kind: "nothing", line: 0 };
    const line = this.#lineOf(node);
    if (node.value === null) return { kind: "nothing", line };
    const isQuoted = node.type !== undefined && node.type !== "PLAIN";
    // The source keeps what a number would lose, such as the digits of a 64-bit one.
    return { kind: "scalar", line, isQuoted, text: node.source ?? String(node.value) };
  }

  #targetOf(alias: Alias, depth: number): FileValue {
    const target = alias.resolve(this.#document);
    if (target === undefined) {
      const line = this.#lineOf(alias);
      throw this.#error(line, `malformed YAML: there is no anchor &${alias.source}`);
    }
    return this.valueOf(target, depth + 1);
  }

  #mapOf(map: YAMLMap, depth: number): FileMap {
    const entries = map.items.map((pair): FileEntry => {
      const key = this.valueOf(pair.key, depth + 1);
      if (key.kind !== "scalar") throw this.#error(key.line, "a key must be a word");
      return { key: key.text, line: key.line, value: this.valueOf(pair.value, depth + 1) };
    });
    return { kind: "map", line: this.#lineOf(map), entries };
  }

  #lineOf(node: Node): number {
    return node.range ? this.#lines.linePos(node.range[0]).line : 0;
  }

  #error(line: number, message: string): ConfigError {
    return new ConfigError(`${this.#path}${line > 0 ? `:${line}` : ""}: ${message}`);
  }
}
