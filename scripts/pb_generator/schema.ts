import { protobuf } from "../../src/deps/protobufjs.ts";
import { camelCase } from "./names.ts";

/** A .proto file's name (without folder) and its text. */
export interface ProtoFile {
  readonly name: string;
  readonly text: string;
}

/** What one generated module holds: all messages of one protobuf package. */
export interface ModuleSchema {
  /** The module's name without ending, e.g. "mvccpb". */
  readonly name: string;
  /** The .proto files it comes from. */
  readonly sources: string[];
  readonly messages: MessageSchema[];
  readonly enums: EnumSchema[];
  readonly services: ServiceSchema[];
}

export interface MessageSchema {
  readonly name: string;
  /** As protobuf knows it, e.g. "mvccpb.KeyValue". */
  readonly fullName: string;
  readonly comment: string;
  /** In the order of their numbers, which is the order on the wire. */
  readonly fields: FieldSchema[];
  readonly extraNesting: number;
}

/** How a single value of a field is read and written. */
export type FieldKind =
  | "bool"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "int64Number"
  | "uint64Number"
  | "string"
  | "bytes"
  | "latin1"
  | "message";

/**
 * When a field is written: `implicit` if it differs from its default, `optional` if it is not
 * undefined, `required` always, `repeated` once an element, `packed` all elements in one run.
 */
type FieldPresence = "implicit" | "optional" | "required" | "repeated" | "packed";

export interface FieldSchema {
  readonly name: string;
  /** The name and the type as the .proto file has them; the type of an enum or message is full. */
  readonly protoName: string;
  readonly protoType: string;
  /** The full name of the oneof that the field is part of. */
  readonly oneof: string | undefined;
  readonly number: number;
  readonly comment: string;
  readonly kind: FieldKind;
  readonly presence: FieldPresence;
  /** The message's type when kind is "message". */
  readonly type: TypeReference | undefined;
  /** Names of the other fields of the same oneof. */
  readonly rivals: string[];
}

export interface TypeReference {
  readonly module: string;
  readonly name: string;
  readonly fullName: string;
}

export interface EnumSchema {
  readonly name: string;
  readonly fullName: string;
  readonly comment: string;
  readonly values: ReadonlyArray<readonly [name: string, value: number]>;
}

export interface ServiceSchema {
  readonly name: string;
  readonly fullName: string;
  readonly methods: MethodSchema[];
}

export interface MethodSchema {
  readonly name: string;
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: TypeReference;
  readonly response: TypeReference;
}

/** Declares our own options; protoc needs it, protobufjs does not. */
const OPTIONS_FILE = "options.proto";

/** Reads the .proto files as one schema; modules in the order of their names. */
export function schemaFromProtoFiles(files: readonly ProtoFile[]): ModuleSchema[] {
  const { root, packages } = parseProtoFiles(files);
  const modules: ModuleSchema[] = [];
  for (const [packageName, sources] of packages) {
    const name = moduleName(sources[0]);
    const moduleOf = (object: protobuf.ReflectionObject): string => {
      const sourcesOfPackage = packages.get(packageOf(object));
      if (sourcesOfPackage === undefined) throw new Error(`${object.fullName} has no file`);
      return moduleName(sourcesOfPackage[0]);
    };
    modules.push(moduleSchema(name, sources, root.lookup(packageName), moduleOf));
  }
  return modules.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Parses the files into one protobufjs root; also says which files make up a package. */
function parseProtoFiles(
  files: readonly ProtoFile[],
): { root: protobuf.Root; packages: Map<string, string[]> } {
  const root = new protobuf.Root();
  const packages = new Map<string, string[]>();
  for (const file of files) {
    if (file.name === OPTIONS_FILE) continue;
    const parsed = protobuf.parse(file.text, root, {
      keepCase: true,
      alternateCommentMode: true,
    });
    const packageName = parsed.package;
    if (packageName === undefined) throw new Error(`${file.name} names no package`);
    const sources = packages.get(packageName);
    if (sources === undefined) packages.set(packageName, [file.name]);
    else sources.push(file.name);
  }
  root.resolveAll();
  return { root, packages };
}

type ModuleOf = (object: protobuf.ReflectionObject) => string;

/** `etcdserverpb_raft.proto` belongs to the module `etcdserverpb`. */
function moduleName(source: string): string {
  return source.replace(/(_.*)?\.proto$/, "");
}

function packageOf(object: protobuf.ReflectionObject): string {
  let outermost = object;
  while (outermost.parent instanceof protobuf.Type) outermost = outermost.parent;
  return outermost.parent?.fullName.replace(/^\./, "") ?? "";
}

function moduleSchema(
  name: string,
  sources: string[],
  namespace: protobuf.ReflectionObject | null,
  moduleOf: ModuleOf,
): ModuleSchema {
  if (!(namespace instanceof protobuf.Namespace)) throw new Error(`${name} has no namespace`);
  const schema: ModuleSchema = { name, sources, messages: [], enums: [], services: [] };
  collect(namespace, schema, moduleOf);
  const names = [...schema.messages, ...schema.enums].map((declared) => declared.name);
  const twice = names.find((declared, i) => names.indexOf(declared) !== i);
  if (twice !== undefined) throw new Error(`${name} declares ${twice} twice`);
  return schema;
}

/** Nested types come out flat, under their own names. */
function collect(namespace: protobuf.Namespace, schema: ModuleSchema, moduleOf: ModuleOf): void {
  for (const object of namespace.nestedArray) {
    if (object instanceof protobuf.Type) {
      schema.messages.push(messageSchema(object, moduleOf));
      collect(object, schema, moduleOf);
    } else if (object instanceof protobuf.Enum) {
      schema.enums.push({
        name: object.name,
        fullName: fullNameOf(object),
        comment: object.comment ?? "",
        values: Object.entries(object.values),
      });
    } else if (object instanceof protobuf.Service) {
      schema.services.push(serviceSchema(object, moduleOf));
    }
  }
}

function fullNameOf(object: protobuf.ReflectionObject): string {
  return object.fullName.replace(/^\./, "");
}

function typeReference(type: protobuf.Type, moduleOf: ModuleOf): TypeReference {
  return { module: moduleOf(type), name: type.name, fullName: fullNameOf(type) };
}

function messageSchema(type: protobuf.Type, moduleOf: ModuleOf): MessageSchema {
  const fields = type.fieldsArray.map((field) => fieldSchema(field, moduleOf));
  return {
    name: type.name,
    fullName: fullNameOf(type),
    comment: type.comment ?? "",
    fields: fields.sort((a, b) => a.number - b.number),
    extraNesting: Number(type.options?.["(extra_nesting)"] ?? 0),
  };
}

function fieldSchema(field: protobuf.Field, moduleOf: ModuleOf): FieldSchema {
  const { resolvedType } = field;
  const isMessage = resolvedType instanceof protobuf.Type;
  const kind = isMessage ? "message" : scalarKind(field);
  const rivals = field.partOf?.fieldsArray.filter((other) => other !== field) ?? [];
  return {
    name: camelCase(field.name),
    protoName: field.name,
    protoType: resolvedType === null ? field.type : fullNameOf(resolvedType),
    oneof: field.partOf === null ? undefined : fullNameOf(field.partOf),
    number: field.id,
    comment: field.comment ?? "",
    kind,
    presence: presenceOf(field, kind),
    type: isMessage ? typeReference(resolvedType, moduleOf) : undefined,
    rivals: rivals.map((rival) => camelCase(rival.name)),
  };
}

/** Whether values of this kind are varints, which may stand in a packed run. */
export function isPackable(kind: FieldKind): boolean {
  return kind !== "string" && kind !== "bytes" && kind !== "latin1" && kind !== "message";
}

function presenceOf(field: protobuf.Field, kind: FieldKind): FieldPresence {
  // protobufjs calls every repeated field of proto3 packed, messages too.
  if (field.repeated) return isPackable(kind) && field.packed ? "packed" : "repeated";
  if (field.required) return "required";
  return field.hasPresence ? "optional" : "implicit";
}

function scalarKind(field: protobuf.Field): FieldKind {
  if (field.resolvedType instanceof protobuf.Enum) return "int32";
  const asNumber = field.options?.["jstype"] === "JS_NUMBER";
  switch (field.type) {
    case "int64":
      return asNumber ? "int64Number" : "int64";
    case "uint64":
      return asNumber ? "uint64Number" : "uint64";
    case "bytes":
      return field.options?.["(latin1)"] === true ? "latin1" : "bytes";
    case "bool":
    case "int32":
    case "uint32":
    case "string":
      return field.type;
    default:
      throw new Error(`${field.fullName}: the generator does not know the type ${field.type}`);
  }
}

function serviceSchema(service: protobuf.Service, moduleOf: ModuleOf): ServiceSchema {
  const fullName = fullNameOf(service);
  const methods = service.methodsArray.map((method) => methodSchema(method, fullName, moduleOf));
  return { name: service.name, fullName, methods };
}

function methodSchema(
  method: protobuf.Method,
  serviceName: string,
  moduleOf: ModuleOf,
): MethodSchema {
  const { resolvedRequestType, resolvedResponseType } = method;
  if (resolvedRequestType === null || resolvedResponseType === null) {
    throw new Error(`${method.fullName} is not resolved`);
  }
  return {
    name: camelCase(method.name),
    path: `/${serviceName}/${method.name}`,
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    request: typeReference(resolvedRequestType, moduleOf),
    response: typeReference(resolvedResponseType, moduleOf),
  };
}
