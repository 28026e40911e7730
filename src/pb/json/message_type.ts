import { bytesFromText } from "../../base/bytes.ts";
import { ENUM_VALUES, MESSAGE_FIELDS, METHOD_MESSAGES } from "../descriptors.ts";

const WIRE_VARINT = 0;
const WIRE_LENGTH = 2;

/** What a value is, as protobuf names it. */
export type ValueKind =
  | "bool"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "string"
  | "bytes"
  | "enum"
  | "message";

/** One field of a message, with what is needed over and over made once. */
export interface FieldType {
  readonly number: number;
  /** As JSON names it in what is written. */
  readonly name: string;
  /** As JSON names it in other programs: `rangeEnd` for `range_end`. */
  readonly camelName: string;
  readonly kind: ValueKind;
  readonly isRepeated: boolean;
  /** Whether several values share one run of bytes, as repeated numbers do. */
  readonly isPacked: boolean;
  readonly oneof: string | undefined;
  readonly message: MessageType | undefined;
  readonly enumeration: EnumType | undefined;
  /** The tag in front of the value. */
  readonly tag: number;
  /** `"name":` in bytes. */
  readonly prefix: Uint8Array;
  /** Its place among the fields of its message. */
  readonly index: number;
}

/** The values of an enum, both ways. */
export interface EnumType {
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

const SCALARS: ReadonlySet<string> = new Set([
  ...["bool", "int32", "uint32", "int64", "uint64", "string", "bytes"],
]);

const messageTypes = new Map<string, MessageType>();
const enumTypes = new Map<string, EnumType>();

/** What a message looks like; made when it is first asked for. */
export class MessageType {
  readonly name: string;
  readonly #texts: readonly string[];
  #fields: readonly FieldType[] | undefined;
  #byName: ReadonlyMap<string, FieldType> | undefined;
  #byNumber: readonly (FieldType | undefined)[] = [];

  /** Use {@linkcode messageType}. */
  constructor(name: string, texts: readonly string[]) {
    this.name = name;
    this.#texts = texts;
  }

  /** The fields by both of their JSON names. */
  get byName(): ReadonlyMap<string, FieldType> {
    if (this.#byName === undefined) this.#load();
    return this.#byName ?? new Map();
  }

  /** The field of this number. */
  field(number: number): FieldType | undefined {
    if (this.#byName === undefined) this.#load();
    return this.#byNumber[number];
  }

  get fields(): readonly FieldType[] {
    if (this.#fields === undefined) this.#load();
    return this.#fields ?? [];
  }

  #load(): void {
    const fields = this.#texts.map(parseField);
    const byName = new Map<string, FieldType>();
    const byNumber: (FieldType | undefined)[] = [];
    for (const field of fields) {
      byName.set(field.name, field);
      byNumber[field.number] = field;
    }
    // A camel case name is the first that is looked for.
    for (const field of fields) byName.set(field.camelName, field);
    this.#fields = fields;
    this.#byName = byName;
    this.#byNumber = byNumber;
  }
}

/** The type of this full name, which must be one that some method uses. */
export function messageType(name: string): MessageType {
  const known = messageTypes.get(name);
  if (known !== undefined) return known;
  const texts = MESSAGE_FIELDS[name];
  if (texts === undefined) throw new TypeError(`there is no message ${name}`);
  const type = new MessageType(name, texts);
  messageTypes.set(name, type);
  return type;
}

/** The types of a method's request and response; undefined for a method that does not exist. */
export function methodTypes(
  path: string,
): { readonly request: MessageType; readonly response: MessageType } | undefined {
  const names = METHOD_MESSAGES[path];
  if (names === undefined) return undefined;
  return { request: messageType(names[0]), response: messageType(names[1]) };
}

function enumType(name: string): EnumType {
  const known = enumTypes.get(name);
  if (known !== undefined) return known;
  const numbers = new Map(ENUM_VALUES[name].map((text): [string, number] => {
    const [valueName, number] = text.split(" ");
    return [valueName, Number(number)];
  }));
  const names = new Map([...numbers].map(([valueName, number]) => [number, valueName]));
  const type = { numbers, names };
  enumTypes.set(name, type);
  return type;
}

function parseField(text: string, index: number): FieldType {
  const [number, name, typeName, more] = text.split(" ");
  const kind = kindOf(typeName);
  const isRepeated = more === "repeated";
  const isPacked = isRepeated && wireType(kind) === WIRE_VARINT;
  return {
    number: Number(number),
    name,
    camelName: name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    kind,
    isRepeated,
    isPacked,
    oneof: isRepeated ? undefined : more,
    message: kind === "message" ? messageType(typeName) : undefined,
    enumeration: kind === "enum" ? enumType(typeName) : undefined,
    tag: Number(number) * 8 + (isPacked ? WIRE_LENGTH : wireType(kind)),
    prefix: bytesFromText(`${JSON.stringify(name)}:`),
    index,
  };
}

function kindOf(typeName: string): ValueKind {
  if (isScalar(typeName)) return typeName;
  return typeName in ENUM_VALUES ? "enum" : "message";
}

function isScalar(typeName: string): typeName is Exclude<ValueKind, "enum" | "message"> {
  return SCALARS.has(typeName);
}

function wireType(kind: ValueKind): number {
  return kind === "string" || kind === "bytes" || kind === "message" ? WIRE_LENGTH : WIRE_VARINT;
}
