import { constantCase } from "./names.ts";
import {
  type EnumSchema,
  type FieldKind,
  type FieldSchema,
  isPackable,
  type MessageSchema,
} from "./schema.ts";

const WIRE_VARINT = 0;
const WIRE_LENGTH = 2;

/** The widest line that `deno fmt` leaves alone. */
export const LINE_WIDTH = 100;

/** How each kind of value looks in TypeScript. */
const KINDS: Record<Exclude<FieldKind, "message">, { type: string; default: string }> = {
  bool: { type: "boolean", default: "false" },
  int32: { type: "number", default: "0" },
  uint32: { type: "number", default: "0" },
  int64: { type: "bigint", default: "0n" },
  uint64: { type: "bigint", default: "0n" },
  int64Number: { type: "number", default: "0" },
  uint64Number: { type: "number", default: "0" },
  string: { type: "string", default: '""' },
  bytes: { type: "Uint8Array", default: "EMPTY_BYTES" },
  latin1: { type: "string", default: '""' },
};

/** An enum as a table of numbers; a field of it may hold numbers that the table does not know. */
export function enumSource(schema: EnumSchema): string {
  const lines = docLines(schema.comment || `Values of ${schema.name}.`, "");
  lines.push(`export const ${schema.name} = {`);
  for (const [name, value] of schema.values) lines.push(`  ${name}: ${value},`);
  lines.push("} as const;");
  return lines.join("\n");
}

/**
 * A message's interface, codec, and the functions that the codec is made of. `shared` exports them
 * for messages of other modules that embed this one.
 */
export function messageSource(message: MessageSchema, shared: boolean): string {
  const exported = shared ? "export " : "";
  return [
    interfaceSource(message),
    codecSource(message),
    emptySource(message, exported),
    writeSource(message, exported),
    readSource(message, exported),
  ].join("\n\n");
}

function interfaceSource(message: MessageSchema): string {
  const lines = docLines(message.comment || `The message ${message.fullName}.`, "");
  if (message.fields.length === 0) {
    return [...lines, `export type ${message.name} = Record<string, never>;`].join("\n");
  }
  lines.push(`export interface ${message.name} {`);
  for (const field of message.fields) {
    lines.push(...docLines(field.comment, "  "), `  ${field.name}: ${fieldType(field)};`);
  }
  lines.push("}");
  return lines.join("\n");
}

function codecSource({ name, extraNesting }: MessageSchema): string {
  const parts = [`empty${name}`, `write${name}`, `read${name}`];
  if (extraNesting !== 0) parts.push(`${extraNesting}`);
  const start = `export const ${name}: MessageCodec<${name}> =`;
  const call = ["newCodec(", ...parts.map((part) => `  ${part},`), ");"];
  const lines = `${start} newCodec(`.length <= LINE_WIDTH
    ? [`${start} newCodec(`, ...call.slice(1)]
    : [start, ...call.map(indented(1))];
  return [`/** Codec of {@linkcode ${name}}. */`, ...lines].join("\n");
}

function emptySource({ name, fields }: MessageSchema, exported: string): string {
  const lines = [`${exported}function empty${name}(): ${name} {`];
  if (fields.length === 0) return [...lines, "  return {};", "}"].join("\n");
  lines.push("  return {");
  for (const field of fields) lines.push(`    ${field.name}: ${fieldDefault(field)},`);
  lines.push("  };", "}");
  return lines.join("\n");
}

function writeSource({ name, fields }: MessageSchema, exported: string): string {
  if (fields.length === 0) {
    return `${exported}function write${name}(_message: ${name}, _writer: Writer): void {}`;
  }
  const lines = signatureLines(
    `${exported}function write${name}`,
    [`message: ${name}`, "writer: Writer"],
    "void",
  );
  for (const field of fields) lines.push(...writeFieldLines(field));
  lines.push("}");
  return lines.join("\n");
}

function writeFieldLines(field: FieldSchema): string[] {
  const access = `message.${field.name}`;
  const tag = `writer.tag(${tagOf(field)});`;
  switch (field.presence) {
    case "required":
      return requiredLines(field, [tag, ...writeValueLines(field, access)]);
    case "optional":
      return conditional(`${access} !== undefined`, [tag, ...writeValueLines(field, access)]);
    case "implicit":
      return conditional(isSetCondition(field, access), [tag, ...writeValueLines(field, access)]);
    case "repeated":
      return [
        `  for (const value of ${access}) {`,
        ...[tag, ...writeValueLines(field, "value")].map(indented(2)),
        "  }",
      ];
    case "packed":
      return conditional(`${access}.length !== 0`, [
        tag,
        "const start = writer.beginMessage();",
        `for (const value of ${access}) ${writeScalar(field, "value")}`,
        "writer.endMessage(start);",
      ]);
  }
}

/** Braces keep the names that writing a message needs out of each other's way. */
function requiredLines(field: FieldSchema, body: string[]): string[] {
  if (field.type === undefined) return body.map(indented(1));
  return ["  {", ...body.map(indented(2)), "  }"];
}

function conditional(condition: string, body: string[]): string[] {
  return [`  if (${condition}) {`, ...body.map(indented(2)), "  }"];
}

function writeValueLines(field: FieldSchema, access: string): string[] {
  if (field.type === undefined) return [writeScalar(field, access)];
  return [
    "const start = writer.beginMessage();",
    `write${field.type.name}(${access}, writer);`,
    "writer.endMessage(start);",
  ];
}

function writeScalar(field: FieldSchema, access: string): string {
  // The bytes of a bigint are the same with and without sign.
  const method = field.kind === "uint64" ? "int64" : field.kind;
  return `writer.${method}(${access});`;
}

function isSetCondition(field: FieldSchema, access: string): string {
  if (field.kind === "message") return `${access} !== undefined`;
  if (field.kind === "bool") return access;
  if (field.kind === "bytes") return `${access}.length !== 0`;
  return `${access} !== ${KINDS[field.kind].default}`;
}

function readSource(message: MessageSchema, exported: string): string {
  const { name, fields } = message;
  const known = `${constantCase(name)}_FIELDS`;
  const lines = [
    ...numberListLines(known, fields.map((field) => field.number)),
    "",
    ...signatureLines(
      `${exported}function read${name}`,
      ["reader: Reader", `message: ${name}`, "end: number"],
      name,
    ),
    "  while (reader.position < end) {",
    "    const tag = reader.tag();",
  ];
  if (fields.length === 0) lines.push(`    reader.skip(tag, ${known});`);
  else {
    lines.push("    switch (tag) {");
    for (const field of fields) lines.push(...readFieldLines(field));
    lines.push("      default:", `        reader.skip(tag, ${known});`, "    }");
  }
  lines.push("  }", "  reader.leave(end);", "  return message;", "}");
  return lines.join("\n");
}

function readFieldLines(field: FieldSchema): string[] {
  const access = `message.${field.name}`;
  const lines = [`case ${field.number * 8 + wireType(field.kind)}:`];
  if (field.presence === "repeated" || field.presence === "packed") {
    lines.push(...readElementLines(field, access));
    if (isPackable(field.kind)) {
      lines.push(
        `case ${field.number * 8 + WIRE_LENGTH}:`,
        `  reader.packed${capitalized(field.kind)}(${access});`,
        "  break;",
      );
    }
  } else {
    for (const rival of field.rivals) lines.push(`  message.${rival} = undefined;`);
    lines.push(...readSingleLines(field, access), "  break;");
  }
  return lines.map(indented(3));
}

function readElementLines({ kind, type }: FieldSchema, access: string): string[] {
  if (type === undefined) return [`  ${access}.push(reader.${kind}());`, "  break;"];
  const element = `read${type.name}(reader, empty${type.name}(), reader.enter())`;
  const line = `  ${access}.push(${element});`;
  if (line.length + 6 <= LINE_WIDTH) return [line, "  break;"];
  return [`  ${access}.push(`, `    ${element},`, "  );", "  break;"];
}

/** An embedded message that comes twice is merged, as protobuf wants it. */
function readSingleLines(field: FieldSchema, access: string): string[] {
  const { kind, type, presence } = field;
  if (type === undefined) return [`  ${access} = reader.${kind}();`];
  const target = presence === "required" ? access : `${access} ?? empty${type.name}()`;
  return [
    `  ${access} = read${type.name}(`,
    "    reader,",
    `    ${target},`,
    "    reader.enter(),",
    "  );",
  ];
}

function signatureLines(start: string, parameters: string[], result: string): string[] {
  const line = `${start}(${parameters.join(", ")}): ${result} {`;
  if (line.length <= LINE_WIDTH) return [line];
  return [`${start}(`, ...parameters.map((parameter) => `  ${parameter},`), `): ${result} {`];
}

function numberListLines(name: string, numbers: number[]): string[] {
  const line = `const ${name}: readonly number[] = [${numbers.join(", ")}];`;
  if (line.length <= LINE_WIDTH) return [line];
  return [
    `const ${name}: readonly number[] = [`,
    ...numbers.map((number) => `  ${number},`),
    "];",
  ];
}

function fieldType(field: FieldSchema): string {
  const single = field.kind === "message" ? field.type?.name : KINDS[field.kind].type;
  if (single === undefined) throw new Error(`${field.name} has no type`);
  if (field.presence === "repeated" || field.presence === "packed") return `${single}[]`;
  const maybeAbsent = field.presence === "optional" ||
    (field.kind === "message" && field.presence !== "required");
  return maybeAbsent ? `${single} | undefined` : single;
}

function fieldDefault(field: FieldSchema): string {
  if (field.presence === "repeated" || field.presence === "packed") return "[]";
  if (field.presence === "optional") return "undefined";
  if (field.kind !== "message") return KINDS[field.kind].default;
  return field.presence === "required" ? `empty${field.type?.name}()` : "undefined";
}

function tagOf(field: FieldSchema): number {
  const type = field.presence === "packed" ? WIRE_LENGTH : wireType(field.kind);
  return field.number * 8 + type;
}

function wireType(kind: FieldKind): number {
  return isPackable(kind) ? WIRE_VARINT : WIRE_LENGTH;
}

function capitalized(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}

function indented(levels: number): (line: string) => string {
  return (line) => "  ".repeat(levels) + line;
}

/** A comment of a .proto file as documentation. */
function docLines(comment: string, indent: string): string[] {
  if (comment === "") return [];
  const texts = comment.split("\n");
  if (texts.length === 1) return [`${indent}/** ${texts[0]} */`];
  return [`${indent}/**`, ...texts.map((text) => `${indent} * ${text}`), `${indent} */`];
}
