/**
 * For tests: every codec by its protobuf name beside protobufjs's reflection of the same .proto
 * files, and random messages in the form of both.
 */
import { bytesFromLatin1, EMPTY_BYTES } from "../../base/bytes.ts";
import type { Prng } from "../../base/prng.ts";
import { protobuf } from "../../deps/protobufjs.ts";
import type { MessageCodec } from "../codec.ts";
import * as authpb from "../authpb.ts";
import * as etcdserverpb from "../etcdserverpb.ts";
import * as healthpb from "../healthpb.ts";
import * as leasepb from "../leasepb.ts";
import * as membershippb from "../membershippb.ts";
import * as mvccpb from "../mvccpb.ts";
import * as raftpb from "../raftpb.ts";
import * as snappb from "../snappb.ts";
import * as v3electionpb from "../v3electionpb.ts";
import * as v3lockpb from "../v3lockpb.ts";
import * as walpb from "../walpb.ts";

/** A message of any type. */
export type AnyMessage = Record<string, unknown>;

/** A message type in our hands and in protobufjs's. */
export interface TypeUnderTest {
  readonly name: string;
  readonly codec: MessageCodec<AnyMessage>;
  readonly reflection: protobuf.Type;
}

/** The same message as our codecs and as protobufjs's `fromObject` want it. */
export interface MessagePair {
  readonly ours: AnyMessage;
  readonly theirs: AnyMessage;
}

const MODULES: Record<string, AnyMessage> = {
  authpb,
  etcdserverpb,
  "grpc.health.v1": healthpb,
  leasepb,
  membershippb,
  mvccpb,
  raftpb,
  snappb,
  v3electionpb,
  v3lockpb,
  walpb,
};

/** Deep enough for a transaction in a proposal, small enough to stay readable. */
const MAX_RANDOM_DEPTH = 4;

const PROTO_DIRECTORY = new URL("../../../proto/", import.meta.url);

/** Every message type of every .proto file. */
export function allTypes(): TypeUnderTest[] {
  const root = parseProtoFiles();
  return Object.keys(MODULES).flatMap((packageName) => {
    const namespace = root.lookup(packageName);
    if (!(namespace instanceof protobuf.Namespace)) throw new Error(`no ${packageName}`);
    return namespace.nestedArray.filter((object) => object instanceof protobuf.Type)
      .map((reflection) => ({ name: nameOf(reflection), codec: codecOf(reflection), reflection }));
  });
}

function parseProtoFiles(): protobuf.Root {
  const root = new protobuf.Root();
  for (const { name } of Deno.readDirSync(PROTO_DIRECTORY)) {
    // Only declares options, which protobufjs takes undeclared.
    if (name === "options.proto") continue;
    const text = Deno.readTextFileSync(new URL(name, PROTO_DIRECTORY));
    protobuf.parse(text, root, { keepCase: true });
  }
  root.resolveAll();
  return root;
}

function nameOf(reflection: protobuf.Type): string {
  return reflection.fullName.slice(1);
}

function codecOf(reflection: protobuf.Type): MessageCodec<AnyMessage> {
  const packageName = reflection.parent?.fullName.slice(1) ?? "";
  const codec = MODULES[packageName][reflection.name];
  if (!isCodec(codec)) throw new Error(`no codec for ${reflection.fullName}`);
  return codec;
}

function isCodec(value: unknown): value is MessageCodec<AnyMessage> {
  return typeof value === "object" && value !== null && "decode" in value && "encode" in value;
}

/**
 * A message with a random part of its fields set, often to values at an edge. Codecs keep the
 * fields in the order of their numbers, so the n-th name is that of the n-th field.
 */
export function randomMessage(type: protobuf.Type, prng: Prng, depth = 0): MessagePair {
  const pair: MessagePair = { ours: {}, theirs: {} };
  const ourNames = Object.keys(codecOf(type).create());
  const inOneof = new Map(type.oneofsArray.map((oneof) => [oneof, prng.pick(oneof.fieldsArray)]));
  const fields = [...type.fieldsArray].sort((a, b) => a.id - b.id);
  for (const [i, field] of fields.entries()) {
    const chosen = field.partOf === null || inOneof.get(field.partOf) === field;
    const present = field.required || (chosen && prng.chance(0.6));
    if (present && (field.required || depth < MAX_RANDOM_DEPTH || !isMessage(field))) {
      setField(pair, ourNames[i], field, prng, depth);
    } else {
      pair.ours[ourNames[i]] = absentValue(field);
    }
  }
  return pair;
}

function setField(
  pair: MessagePair,
  name: string,
  field: protobuf.Field,
  prng: Prng,
  depth: number,
): void {
  if (field.repeated) {
    const values = Array.from({ length: prng.between(0, 3) }, () => value(field, prng, depth));
    pair.ours[name] = values.map(([ours]) => ours);
    pair.theirs[field.name] = values.map(([, theirs]) => theirs);
    return;
  }
  const [ours, theirs] = value(field, prng, depth);
  pair.ours[name] = ours;
  // protobufjs writes what it is given; a proto3 default must not be written.
  if (hasPresence(field) || field.required || !isDefault(ours)) pair.theirs[field.name] = theirs;
}

function isMessage(field: protobuf.Field): boolean {
  return field.resolvedType instanceof protobuf.Type;
}

/** protobufjs counts an embedded message of proto3 as a field without presence. */
function hasPresence(field: protobuf.Field): boolean {
  return field.hasPresence || isMessage(field);
}

function absentValue(field: protobuf.Field): unknown {
  if (field.repeated) return [];
  if (hasPresence(field)) return undefined;
  if (field.resolvedType !== null) return 0;
  switch (field.type) {
    case "bool":
      return false;
    case "string":
      return "";
    case "bytes":
      return isLatin1(field) ? "" : EMPTY_BYTES;
    case "uint32":
      return 0;
    default:
      return isJsNumber(field) ? 0 : 0n;
  }
}

function isDefault(value: unknown): boolean {
  return value === 0 || value === 0n || value === "" || value === false ||
    (value instanceof Uint8Array && value.length === 0);
}

/** Our form and protobufjs's form of one value. */
function value(
  field: protobuf.Field,
  prng: Prng,
  depth: number,
): [ours: unknown, theirs: unknown] {
  if (field.resolvedType instanceof protobuf.Type) {
    const pair = randomMessage(field.resolvedType, prng, depth + 1);
    return [pair.ours, pair.theirs];
  }
  if (field.resolvedType !== null) return same(randomEnumValue(field.resolvedType, field, prng));
  switch (field.type) {
    case "bool":
      return same(prng.chance(0.5));
    case "string":
      return same(randomText(prng));
    case "bytes":
      return randomBytes(field, prng);
    case "uint32":
      return same(prng.pick([0, 1, 127, 128, 0xffff_ffff, prng.uint32()]));
    default:
      return random64(field, prng);
  }
}

/** Enums of proto3 are open; protobufjs drops unknown values of proto2, where fields are required. */
function randomEnumValue(type: protobuf.Enum, field: protobuf.Field, prng: Prng): number {
  const known = prng.pick(Object.values(type.values));
  return field.required ? known : prng.pick([known, -1, 77]);
}

function same(value: unknown): [unknown, unknown] {
  return [value, value];
}

function randomBytes(field: protobuf.Field, prng: Prng): [unknown, unknown] {
  const bytes = prng.bytes(prng.pick([0, 1, 7, 8, 9, 30, 127, 128, 300]));
  if (!isLatin1(field)) return [bytes, bytes];
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return [text, bytesFromLatin1(text)];
}

function random64(field: protobuf.Field, prng: Prng): [unknown, unknown] {
  const signed = field.type === "int64";
  if (isJsNumber(field)) {
    const number = prng.pick([0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) -
      (signed && prng.chance(0.3) ? prng.uint32() * prng.pick([1, 2 ** 20]) : 0);
    return [number, String(number)];
  }
  const unsigned = prng.pick([0n, 1n, 128n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n, prng.uint64()]);
  const bigint = signed ? BigInt.asIntN(64, unsigned) : unsigned;
  return [bigint, String(bigint)];
}

function randomText(prng: Prng): string {
  const characters = Array.from(
    { length: prng.pick([0, 1, 5, 20, 130]) },
    () => prng.pick(["a", "Z", "/", "0", "\0", "\x7f"]),
  );
  if (prng.chance(0.3)) characters.push(prng.pick(["\x80", "ÿ", "я", "鍵", "🔑", "\ufeff"]), "x");
  return characters.join("");
}

function isLatin1(field: protobuf.Field): boolean {
  return field.options?.["(latin1)"] === true;
}

function isJsNumber(field: protobuf.Field): boolean {
  return field.options?.["jstype"] === "JS_NUMBER";
}
